import { randomUUID } from 'node:crypto';
import { oneOf } from '../check-value.js';

/** Data-plane roles: the built-in contributor and reader, and a principal that was given none. */
export type Role = (typeof roles)[number];
const roles = ['contributor', 'reader', 'none'] as const;

/** Who bearer tokens are issued to. */
export class Principal {
  readonly id = randomUUID();
  #role: Role;

  /** @throws RangeError */
  constructor(role: Role) {
    this.#role = checkRole(role);
  }

  get role(): Role {
    return this.#role;
  }

  /**
   * Changes at once what all its tokens may do. (On Azure a role assignment takes minutes.)
   * @throws RangeError
   */
  setRole(role: Role): void {
    this.#role = checkRole(role);
  }
}

/** All tokens that were issued. They do not expire by themselves. */
export class Principals {
  readonly #byToken = new Map<string, Principal>();

  /** @throws RangeError */
  create(role: Role): Principal {
    return new Principal(role);
  }

  issue(principal: Principal): string {
    const token = `test-token-${randomUUID()}`;
    this.#byToken.set(token, principal);
    return token;
  }

  find(token: string): Principal | undefined {
    return this.#byToken.get(token);
  }

  /** Clients that hold a token are refused until they get another. */
  revokeAll(): void {
    this.#byToken.clear();
  }
}

function checkRole(role: Role): Role {
  oneOf('role', role, roles);
  return role;
}
