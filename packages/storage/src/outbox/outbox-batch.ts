import { errorRecord, isLoomError } from '@certoai/loom-core';
import type {
  LoomErrorCode,
  MessageQueue,
  OutboxClaimed,
  OutboxContent,
  OutboxFailure,
  OutboxLane,
  OutboxOutcome,
} from '@certoai/loom-core';
import type { ResolvedOutboxOptions } from './outbox-options.js';

/** Sending the same again cannot help. */
const refusals: readonly LoomErrorCode[] = [
  'LOOM_INVALID_OPTION',
  'LOOM_NOT_SERIALISABLE',
  'LOOM_PAYLOAD_TOO_LARGE',
  'LOOM_UNSUPPORTED',
];
/** It is the queue, and not the message: no reason to park it, however long it lasts. */
const outages: readonly LoomErrorCode[] = [
  'LOOM_CLOSED',
  'LOOM_STORE_FAILED',
  'LOOM_STORE_FULL',
  'LOOM_QUEUE_FULL',
];
const firstDelayMs = 1_000;
const maxDelayMs = 60_000;
const maxReasonLength = 1_000;

interface Progress {
  readonly lane: OutboxLane;
  readonly sent: string[];
  failed: OutboxFailure | undefined;
}

interface Item {
  readonly progress: Progress;
  readonly claimed: OutboxClaimed;
  readonly content: OutboxContent;
}

export interface BatchFailure {
  readonly kind: OutboxFailure['kind'];
  readonly id: string;
  readonly queue: string;
  readonly error: unknown;
}

/**
 * One send of what was claimed. A message goes out when all before it in its lane did, so that relays whose leases
 * overlap keep the order too: each sends a beginning of the lane, and what the queue knows already is not stored.
 */
export class OutboxBatch {
  readonly failures: BatchFailure[] = [];
  readonly #queue: MessageQueue;
  readonly #relay: ResolvedOutboxOptions['relay'];
  readonly #isHeld: () => boolean;
  readonly #progress: readonly Progress[];

  /** @param isHeld - whether the lease still runs; nothing is sent afterwards */
  constructor(
    lanes: readonly OutboxLane[],
    queue: MessageQueue,
    relay: ResolvedOutboxOptions['relay'],
    isHeld: () => boolean,
  ) {
    this.#progress = lanes.map((lane) => ({ lane, sent: [], failed: undefined }));
    this.#queue = queue;
    this.#relay = relay;
    this.#isHeld = isHeld;
  }

  async send(): Promise<readonly OutboxOutcome[]> {
    for (let runs = this.#nextRuns(); runs.size > 0 && this.#isHeld(); runs = this.#nextRuns())
      await Promise.all([...runs].map(([queue, items]) => this.#sendAll(queue, items)));
    return this.#progress.map(({ lane: { lane }, sent, failed }) => ({ lane, sent, failed }));
  }

  /** Of every lane, the next messages that go to one queue; by queue, in the order of their commits. */
  #nextRuns(): ReadonlyMap<string, readonly Item[]> {
    const runs = new Map<string, Item[]>();
    for (const progress of this.#progress) {
      const { lane, sent, failed } = progress;
      let run: string | undefined;
      for (const claimed of failed ? [] : lane.messages.slice(sent.length)) {
        const content = JSON.parse(claimed.content) as OutboxContent;
        if ((run ??= content.queue) !== content.queue) break;
        const items = runs.get(run) ?? [];
        runs.set(run, items);
        items.push({ progress, claimed, content });
      }
    }
    for (const items of runs.values()) items.sort((a, b) => Number(a.claimed.id) - Number(b.claimed.id));
    return runs;
  }

  async #sendAll(queue: string, items: readonly Item[]): Promise<void> {
    const error = await this.#trySend(queue, items);
    if (error === undefined) return;
    // All or none were taken: which of them it is shows one at a time. A queue without room may have some for one.
    const isOver = items.length === 1 || (isOutage(error) && !isLoomError(error, 'LOOM_QUEUE_FULL'));
    let outage = isOver && isOutage(error) ? error : undefined;
    for (const item of items) {
      if (item.progress.failed || !this.#isHeld()) continue;
      const failure = outage ?? (isOver ? error : await this.#trySend(queue, [item]));
      if (failure === undefined) continue;
      if (isOutage(failure)) outage = failure;
      this.#fail(queue, item, failure);
    }
  }

  async #trySend(queue: string, items: readonly Item[]): Promise<unknown> {
    try {
      const messages = items.map(({ claimed, content: { queue: _, delayMs = 0, ...rest } }) => ({
        ...rest,
        delayMs: Math.max(0, delayMs - claimed.ageMs),
      }));
      await this.#queue.send(queue, messages);
      for (const { progress, claimed } of items) progress.sent.push(claimed.id);
      return undefined;
    } catch (error) {
      return error ?? new Error('unknown');
    }
  }

  #fail(queue: string, { progress, claimed }: Item, error: unknown): void {
    const { id } = claimed;
    const { maxAttempts, idleMs, blocks } = this.#relay;
    const attempts = claimed.attempts + (isOutage(error) ? 0 : 1);
    if (isRefusal(error) || (attempts >= maxAttempts && !isOutage(error))) {
      const reason = errorRecord(error).message.slice(0, maxReasonLength);
      progress.failed = { kind: 'park', id, attempts, reason, blocks };
    } else {
      const backoffMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempts - 1, 16));
      progress.failed = { kind: 'retry', id, attempts, delayMs: isOutage(error) ? idleMs : backoffMs };
    }
    this.failures.push({ kind: progress.failed.kind, id, queue, error });
  }
}

function isOutage(error: unknown): boolean {
  return outages.some((code) => isLoomError(error, code));
}

function isRefusal(error: unknown): boolean {
  return refusals.some((code) => isLoomError(error, code));
}
