import type { ClaimReply, ClaimRequest } from '@certoai/loom-core';
import type { QueueScript } from '../bullmq/queue-scripts.js';
import { claimScript, leaveScript } from './write-scripts.js';

/** Claims that ask for an execution whose creation was not answered: it may still be on its way at the first. */
const doubtfulClaims = 3;

/** Runs a script with these arguments after what all keys begin with. */
export type RunScript = (
  script: QueueScript,
  args: readonly (string | number)[],
  doing: string,
) => Promise<unknown>;

type Answer = readonly [
  ids: readonly string[],
  firstWakeAt: string,
  othersEndMs: string,
  renewed: number,
  seat: number,
  freeSeats: readonly number[],
];

/** What is known of one holder. */
interface Claimant {
  /** The last claim whose answer arrived. */
  arrived: string;
  /** Executions whose creation was not answered, and how many claims still ask for them. */
  readonly doubtful: Map<string, number>;
  /** Claims follow each other, as each says whether the one before arrived. */
  turn: Promise<unknown>;
}

/** Claims of the holders of this process, none of which leaves an execution with a holder that never heard of it. */
export class RedisClaims {
  readonly #run: RunScript;
  readonly #claimants = new Map<string, Claimant>();

  constructor(run: RunScript) {
    this.#run = run;
  }

  claim(request: ClaimRequest, call: string): Promise<ClaimReply> {
    const claimant = this.#claimant(request.holder);
    const claiming = claimant.turn.then(() => this.#claim(request, call, claimant));
    claimant.turn = claiming.catch(() => undefined);
    return claiming;
  }

  async leave(holder: string): Promise<void> {
    await this.#run(leaveScript, [holder], 'leave executions to others');
    this.#claimants.delete(holder);
  }

  /** Nobody knows whether `holder` has it. */
  doubt(holder: string, executionId: string): void {
    this.#claimant(holder).doubtful.set(executionId, doubtfulClaims);
  }

  /** `holder` knows that it has it. */
  trust(holder: string, executionId: string): void {
    this.#claimants.get(holder)?.doubtful.delete(executionId);
  }

  async #claim(
    { holder, now, leaseMs, limit }: ClaimRequest,
    call: string,
    claimant: Claimant,
  ): Promise<ClaimReply> {
    const { arrived, doubtful } = claimant;
    const asked = [...doubtful.keys()];
    const args = [holder, now, leaseMs, limit, call, arrived, ...asked];
    const reply = await this.#run(claimScript, args, 'claim executions');
    const [ids, firstWakeAt, othersEndMs, renewed, seat, freeSeats] = reply as Answer;
    claimant.arrived = call;
    for (const id of asked) {
      const left = ids.includes(id) ? 0 : (doubtful.get(id) ?? 0) - 1;
      if (left > 0) doubtful.set(id, left);
      else doubtful.delete(id);
    }
    const next = Math.min(
      firstWakeAt === '' ? Infinity : Math.max(now, scoreOf(firstWakeAt)),
      othersEndMs === '' ? Infinity : now + Number(othersEndMs),
    );
    return {
      ids,
      nextWakeAt: next === Infinity ? null : next,
      renewed: Number(renewed) === 1,
      seat: Number(seat),
      freeSeats: freeSeats.map(Number),
    };
  }

  #claimant(holder: string): Claimant {
    const known = this.#claimants.get(holder);
    if (known) return known;
    const claimant = { arrived: '', doubtful: new Map<string, number>(), turn: Promise.resolve() };
    this.#claimants.set(holder, claimant);
    return claimant;
  }
}

function scoreOf(text: string): number {
  return text === '-inf' ? -Infinity : Number(text);
}
