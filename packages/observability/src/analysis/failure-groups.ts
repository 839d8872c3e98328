import { failureFingerprint } from '@certoai/loom-core/failures';
import type { ErrorRecord } from '@certoai/loom-core';
import type { ExecutionSpan } from '../span/execution-span.js';

/** Failures that differ only in ids, numbers, times and quoted values. */
export interface FailureGroup {
  /** What they have in common; readable. */
  readonly fingerprint: string;
  /** Name and code of the newest, and its message. */
  readonly name: string;
  readonly code?: string | undefined;
  readonly message: string;
  /** Attempts of tasks and compensations that failed like this, and stages and executions that did so by themselves. */
  readonly count: number;
  /** Of these, attempts that were tried again. */
  readonly retried: number;
  /** Executions in which it happened. */
  readonly executions: number;
  /** Stages in which it happened, sorted. */
  readonly stages: readonly string[];
  /** Milliseconds since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Where it happened last. */
  readonly lastExecutionId: string;
}

const innermostFirst: readonly (readonly ExecutionSpan['kind'][])[] = [
  ['attempt', 'compensation'],
  ['stage'],
  ['execution'],
];

/** Collects failures one execution at a time. */
export class FailureGroups {
  readonly #groups = new Map<string, Group>();
  readonly #fingerprints = new Map<string, string>();

  /**
   * A failure counts once, where it came from: that of a task is not counted again for its stage and
   * for its execution, which report the same error.
   * @param spans - all of one execution
   */
  add(executionId: string, spans: readonly ExecutionSpan[]): void {
    const below = new Set<string>();
    for (const kinds of innermostFirst) {
      const found: string[] = [];
      for (const span of spans) {
        if (!kinds.includes(span.kind) || span.error === undefined) continue;
        const fingerprint = this.#fingerprint(span.error);
        found.push(fingerprint);
        if (!below.has(fingerprint)) this.#group(fingerprint).add(executionId, span, span.error);
      }
      for (const fingerprint of found) below.add(fingerprint);
    }
  }

  /** Most frequent first, and of equally frequent ones the newest first. */
  list(): FailureGroup[] {
    const groups = [...this.#groups].map(([fingerprint, group]) => group.of(fingerprint));
    return groups.sort((left, right) => right.count - left.count || right.lastAt - left.lastAt);
  }

  #group(fingerprint: string): Group {
    const group = this.#groups.get(fingerprint) ?? new Group();
    this.#groups.set(fingerprint, group);
    return group;
  }

  /** Ten thousand tasks fail with few messages, and taking one apart is slow. */
  #fingerprint({ name, code, message }: ErrorRecord): string {
    const reason = `${code ?? name}: ${message}`;
    const known = this.#fingerprints.get(reason);
    if (known !== undefined) return known;
    const fingerprint = `${code ?? name}: ${failureFingerprint(message)}`;
    this.#fingerprints.set(reason, fingerprint);
    return fingerprint;
  }
}

class Group {
  readonly #executions = new Set<string>();
  readonly #stages = new Set<string>();
  #count = 0;
  #retried = 0;
  #firstAt = Infinity;
  #lastAt = -Infinity;
  #last: ErrorRecord = { name: '', message: '' };
  #lastExecutionId = '';

  add(executionId: string, span: ExecutionSpan, error: ErrorRecord): void {
    const at = span.endedAt ?? span.startedAt;
    this.#count += 1;
    if ('willRetry' in span && span.willRetry === true) this.#retried += 1;
    this.#executions.add(executionId);
    if (span.kind !== 'execution') this.#stages.add(span.stage);
    this.#firstAt = Math.min(this.#firstAt, at);
    if (at < this.#lastAt) return;
    this.#lastAt = at;
    this.#last = error;
    this.#lastExecutionId = executionId;
  }

  of(fingerprint: string): FailureGroup {
    const { name, code, message } = this.#last;
    return {
      fingerprint,
      name,
      ...(code !== undefined && { code }),
      message,
      count: this.#count,
      retried: this.#retried,
      executions: this.#executions.size,
      stages: [...this.#stages].sort(),
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      lastExecutionId: this.#lastExecutionId,
    };
  }
}
