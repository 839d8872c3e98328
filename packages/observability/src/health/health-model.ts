import { systemClock, type Clock } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import { wholeNumber } from '../internal/numeric-option.js';
import type { HealthCheck, HealthReport } from './health-check.js';
import { RunningCheck } from './running-check.js';

export interface HealthModelOptions {
  /** How long a check may take that does not say so itself; milliseconds, 1 to 60_000. @default 2_000 */
  readonly timeoutMs?: number | undefined;
  /** How long an answer stands, so that many who ask cost one check; milliseconds, 0 to 600_000. @default 1_000 */
  readonly cacheMs?: number | undefined;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

const decisions: readonly unknown[] = ['live', 'ready', 'nothing', undefined];

/** Knows from named checks whether this process lives, can take work, and what is wrong. It serves nothing itself. */
export class HealthModel {
  readonly #checks = new Map<string, RunningCheck>();
  readonly #timeoutMs: number;
  readonly #cacheMs: number;
  readonly #clock: Clock;

  /** @throws LoomError `LOOM_INVALID_OPTION` */
  constructor({ timeoutMs, cacheMs = 1_000, clock = systemClock }: HealthModelOptions = {}) {
    this.#timeoutMs = wholeNumber('timeoutMs', timeoutMs, 2_000, 60_000);
    if (cacheMs !== 0) wholeNumber('cacheMs', cacheMs, 1_000, 600_000);
    this.#cacheMs = cacheMs;
    this.#clock = clock;
  }

  /**
   * Adds a check under a name that no other has.
   * @returns the function that takes it away; calling it twice does nothing
   * @throws LoomError `LOOM_INVALID_OPTION`
   */
  add(name: string, check: HealthCheck): () => void {
    if (typeof name !== 'string' || name === '') throw invalidOption('name', name, 'a name for the check');
    if (this.#checks.has(name)) throw invalidOption('name', name, 'a name that no other check has');
    if (typeof check?.check !== 'function')
      throw invalidOption('check', check?.check, 'a function that looks whether it works');
    if (!decisions.includes(check.decides))
      throw invalidOption('decides', check.decides, 'live, ready or nothing');
    const timeoutMs = wholeNumber('timeoutMs', check.timeoutMs, this.#timeoutMs, 60_000);
    const running = new RunningCheck(check, { clock: this.#clock, timeoutMs, cacheMs: this.#cacheMs });
    this.#checks.set(name, running);
    return () => {
      if (this.#checks.get(name) === running) this.#checks.delete(name);
    };
  }

  /** Asks every check at the same time. Never rejects, and takes no longer than the slowest check may. */
  async report(): Promise<HealthReport> {
    const checks = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await check.report()] as const),
    );
    const failed = checks.filter(([, { status }]) => status === 'failed').map(([, { decides }]) => decides);
    const wrong = checks.filter(([, { status }]) => status !== 'ok');
    const live = !failed.includes('live');
    return {
      live,
      ready: live && !failed.includes('ready'),
      degraded: wrong.length > 0,
      reasons: wrong.map(([name, { reason = '' }]) => `${name}: ${reason}`),
      checks: Object.fromEntries(checks),
    };
  }
}
