import assert from 'node:assert/strict';
import type { LoomErrorCode } from '../../errors/loom-error.js';
import { isLoomError } from '../../errors/loom-error.js';
import type {
  ConsumeOptions,
  Consumer,
  Delivery,
  MessageQueue,
  QueueStats,
  Verdict,
} from '../../ports/message-queue.js';
import type { MessageQueueHarness } from './harness.js';

/** Patience for anything that is to happen; harness time. */
const patienceMs = 15_000;
const stepMs = 10;

/** What was seen of one delivery. */
export interface SeenDelivery {
  readonly id: string;
  readonly queue: string;
  readonly body: unknown;
  readonly attempt: number;
  readonly sentAt: number;
}

export type Script = (
  delivery: Delivery,
  seen: readonly SeenDelivery[],
) => Promise<Verdict | void> | Verdict | void;

export interface Observed {
  readonly consumer: Consumer;
  /** Every delivery so far, in the order their handlers were called. */
  readonly seen: SeenDelivery[];
}

/** Consumes `queue` and writes down what comes; `script` decides, and acknowledges when it is absent. */
export async function observe(
  queue: MessageQueue,
  name: string,
  script: Script = () => undefined,
  options?: ConsumeOptions,
): Promise<Observed> {
  const seen: SeenDelivery[] = [];
  const consumer = await queue.consume(
    name,
    async (delivery) => {
      const { id, body, attempt, sentAt } = delivery;
      seen.push({ id, queue: delivery.queue, body, attempt, sentAt });
      return script(delivery, seen);
    },
    options,
  );
  return { consumer, seen };
}

/** Waits until `holds`; fails with `what` when it does not in time. */
export async function until(
  harness: Pick<MessageQueueHarness, 'elapse'>,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += stepMs) {
    if (waitedMs > patienceMs) assert.fail(`Waited ${patienceMs} ms in vain for this: ${what}`);
    await harness.elapse(stepMs);
  }
}

export async function untilStats(
  harness: Pick<MessageQueueHarness, 'elapse'>,
  queue: MessageQueue,
  name: string,
  expected: Partial<QueueStats>,
): Promise<void> {
  let stats: QueueStats | undefined;
  const wanted = Object.entries(expected) as [keyof QueueStats, unknown][];
  try {
    await until(harness, JSON.stringify(expected), async () => {
      const now = (stats = await queue.stats(name));
      return wanted.every(([key, value]) => now[key] === value);
    });
  } catch {
    assert.deepEqual(stats, { ...stats, ...expected }, `stats of "${name}"`);
  }
}

/** The queue holds nothing at all. */
export function untilEmpty(
  harness: Pick<MessageQueueHarness, 'elapse'>,
  queue: MessageQueue,
  name: string,
): Promise<void> {
  return untilStats(harness, queue, name, { ready: 0, delayed: 0, active: 0, dead: 0 });
}

export async function assertRejects(
  action: () => Promise<unknown>,
  code: LoomErrorCode,
  what: string,
): Promise<void> {
  let thrown: unknown;
  try {
    await action();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown !== undefined, `${what} was accepted`);
  assert.ok(isLoomError(thrown, code), `${what} was refused with ${describe(thrown)}, not with ${code}`);
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : typeof thrown;
}

/** A promise that the test settles. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Sends bodies one after the other, so that their order is certain. */
export async function sendInOrder(
  queue: MessageQueue,
  name: string,
  bodies: readonly (string | number)[],
): Promise<void> {
  for (const body of bodies) await queue.send(name, [{ body }]);
}
