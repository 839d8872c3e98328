import { wholeNumber } from '../check-value.js';
import type { Operation } from '../http/operation.js';
import type { Account } from '../store/account.js';
import type { StoreSettings } from '../store/store-settings.js';
import { ActiveFault } from './fault-rule.js';
import type { FaultEffect, FaultRule } from './fault-rule.js';

/** Names a container. */
export interface ContainerPath {
  readonly database: string;
  readonly container: string;
}

/** Everything a test makes go wrong in a server, while it runs. */
export class Faults {
  readonly #account: Account;
  readonly #settings: StoreSettings;
  #active: readonly ActiveFault[] = [];

  constructor(account: Account, settings: StoreSettings) {
    this.#account = account;
    this.#settings = settings;
  }

  /**
   * @returns the function that ends it; calling that twice does nothing
   * @throws TypeError, RangeError for what is not a rule
   */
  add(rule: FaultRule): () => void {
    const fault = new ActiveFault(rule);
    this.#active = [...this.#active, fault];
    return () => {
      this.#active = this.#active.filter((one) => one !== fault);
    };
  }

  /** Ends all rules. Lag and budgets stay. */
  clear(): void {
    this.#active = [];
  }

  /**
   * Reads without a session token, or with an older one, show what was written this long ago or earlier.
   * @param ms - 0 or more; 0: every read shows the newest
   * @throws RangeError
   */
  setReplicaLagMs(ms: number): void {
    wholeNumber('ms', ms, 0);
    this.#settings.replicaLagMs = ms;
  }

  /**
   * Requests beyond it are answered with 429/3200. It is shared out equally among the physical partitions.
   * @param unitsPerSecond - 1 or more; `undefined`: no limit
   * @throws RangeError; ProtocolError 404 for a container that is not there
   */
  setBudget({ database, container }: ContainerPath, unitsPerSecond: number | undefined): void {
    if (unitsPerSecond !== undefined) wholeNumber('unitsPerSecond', unitsPerSecond, 1);
    this.#account.container(database, container).budget.unitsPerSecond = unitsPerSecond;
  }

  /** What strikes this request: every delay, and the first of the others. */
  strike(operation: Operation): readonly FaultEffect[] {
    const effects: FaultEffect[] = [];
    for (const fault of this.#active) {
      const isTaken = fault.effect.kind !== 'delay' && effects.some(({ kind }) => kind !== 'delay');
      if (!isTaken && fault.strikes(operation)) effects.push(fault.effect);
    }
    return effects;
  }
}
