import type { Clock } from '@certoai/loom-core';
import { BoundedCall, type CallOutcome } from '../internal/bounded-call.js';
import type { CheckReport, CheckResult, HealthCheck } from './health-check.js';

/** Characters kept of a reason. */
const maxReason = 500;

/** One named check: its latest answer stands for a short time, and questions that come together share one. */
export class RunningCheck {
  readonly #call: BoundedCall<CheckResult | undefined | void>;
  readonly #decides: CheckReport['decides'];
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #cacheMs: number;
  #latest: CheckReport | undefined;

  constructor(
    check: HealthCheck,
    {
      clock,
      timeoutMs,
      cacheMs,
    }: { readonly clock: Clock; readonly timeoutMs: number; readonly cacheMs: number },
  ) {
    this.#call = new BoundedCall((signal) => check.check(signal), clock, timeoutMs);
    this.#decides = check.decides ?? 'ready';
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#cacheMs = cacheMs;
  }

  /** Never rejects, and takes no longer than the check may. */
  async report(): Promise<CheckReport> {
    const age = this.#clock.now() - (this.#latest?.checkedAt ?? -Infinity);
    // A clock that was set back makes nothing valid for longer.
    if (this.#latest !== undefined && age >= 0 && age < this.#cacheMs) return this.#latest;
    const askedAt = this.#clock.now();
    const { status, reason } = this.#judge(await this.#call.run());
    const checkedAt = this.#clock.now();
    const durationMs = Math.max(0, checkedAt - askedAt);
    const report = { status, decides: this.#decides, checkedAt, durationMs };
    this.#latest = reason === undefined ? report : { ...report, reason };
    return this.#latest;
  }

  #judge(outcome: CallOutcome<unknown>): {
    readonly status: CheckResult['status'];
    readonly reason?: string;
  } {
    switch (outcome.kind) {
      case 'late':
        return { status: 'failed', reason: `no answer within ${this.#timeoutMs} ms` };
      case 'error':
        return { status: 'failed', reason: textOf(outcome.error) };
      case 'value':
        return resultOf(outcome.value);
    }
  }
}

function resultOf(value: unknown): { readonly status: CheckResult['status']; readonly reason?: string } {
  if (value === undefined) return { status: 'ok' };
  const { status, reason } = (value ?? {}) as { readonly status?: unknown; readonly reason?: unknown };
  if (status === 'ok') return { status };
  if (status !== 'degraded' && status !== 'failed')
    return { status: 'failed', reason: 'the check gave no result' };
  return {
    status,
    reason: typeof reason === 'string' && reason !== '' ? cut(reason) : 'no reason was given',
  };
}

function textOf(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message : String(error);
    return text === '' ? 'an error without a message' : cut(text);
  } catch {
    return 'an error that cannot be read';
  }
}

function cut(text: string): string {
  return text.length <= maxReason ? text : `${text.slice(0, maxReason - 1)}…`;
}
