import type { ActorRef } from '../actor/actor-ref.js';
import type { DeadLetterReason } from '../actor/dead-letters.js';
import { errorRecord } from '../errors/error-record.js';
import { toJsonText } from '../message/json-text.js';
import type { JsonValue } from '../message/json.js';
import type { MessageEnvelope } from '../message/envelope.js';
import type { Delivery, MessageQueue, Verdict } from '../ports/message-queue.js';
import { QueueLetter } from './queue-letter.js';
import type { HandledOutcome } from './queue-letter.js';
import type { TaskPool } from './task-pool.js';
import { parseAddress, replyQueueName } from './wire.js';
import type { ReplyBody } from './wire.js';
import type { WorkerHost } from './worker-host.js';

export const release: Verdict = { kind: 'release' };

export function deadLetter(reason: string): Verdict {
  return { kind: 'dead-letter', reason };
}

/** Why something is given up whose deliveries all ended without a word. */
export function silentDeath(deliveries: number): string {
  return `Delivered ${deliveries} times without an outcome: the process that had it ended, or its lease did.`;
}

/** Has a message handled, as often as a queue would deliver it to a consumer that leaves the counting to it. */
export async function serveMessage(
  delivery: Delivery,
  pool: TaskPool,
  envelope: MessageEnvelope,
  queue: MessageQueue,
  onHeartbeat: () => void,
): Promise<Verdict | void> {
  const { attempt, signal } = delivery;
  const { maxDeliveries } = pool.host;
  if (attempt > maxDeliveries) return deadLetter(silentDeath(attempt - 1));
  const isLast = attempt === maxDeliveries;
  try {
    const verdict = await handle(delivery, pool, envelope, queue, onHeartbeat);
    if (verdict?.kind !== 'retry' || !isLast) return verdict;
    return deadLetter(`The handler asked to retry after ${attempt} deliveries, which is all it gets.`);
  } catch (error) {
    if (!isLast || signal.aborted) throw error;
    return { kind: 'dead-letter', reason: '', error };
  }
}

async function handle(
  delivery: Delivery,
  { host, home }: TaskPool,
  envelope: MessageEnvelope,
  queue: MessageQueue,
  onHeartbeat: () => void,
): Promise<Verdict | void> {
  const { id, to, expiresAt, replyTo } = envelope;
  const replyQueue = replyTo?.startsWith(replyQueueName('')) ? replyTo : undefined;
  const isLate = (): boolean => expiresAt !== undefined && expiresAt <= host.clock.now();
  const reply = async (outcome: HandledOutcome): Promise<void> => {
    if (!replyQueue) {
      if (outcome.kind === 'failed') throw outcome.error;
    } else if (!isLate()) {
      const body = replyBody(outcome, envelope, host);
      await queue.send(replyQueue, [{ body: body as unknown as JsonValue, dedupeId: id }]);
    }
  };
  if (isLate()) return refusal('expired', replyQueue);
  const sender = replyTo === undefined || replyQueue ? undefined : refTo(replyTo, host);
  const letter = new QueueLetter(delivery, envelope, sender, onHeartbeat);
  try {
    home.actorOf(parseAddress(to).key).cell.post(letter);
  } catch (error) {
    // It has no actor for this key, and never will.
    return replyQueue ? reply({ kind: 'failed', error }) : deadLetter(errorRecord(error).message);
  }
  const outcome = await letter.outcome;
  return outcome.kind === 'refused' ? refusal(outcome.reason, replyQueue) : reply(outcome);
}

function replyBody(
  outcome: HandledOutcome,
  { id: correlationId, to }: MessageEnvelope,
  { maxPayloadBytes: maxBytes }: WorkerHost,
): ReplyBody {
  try {
    if (outcome.kind === 'failed') throw outcome.error;
    const text = toJsonText(outcome.value, { what: `reply of actor "${to}"`, maxBytes });
    return { kind: 'reply', correlationId, output: JSON.parse(text) as JsonValue };
  } catch (error) {
    return { kind: 'reply', correlationId, error: errorRecord(error) };
  }
}

function refTo(path: string, { system }: WorkerHost): ActorRef | undefined {
  const { type, key } = parseAddress(path);
  try {
    return system.actorOf(type, key);
  } catch {
    return undefined;
  }
}

/** What becomes of a message that no actor handled. */
function refusal(reason: DeadLetterReason | 'aborted', replyQueue: string | undefined): Verdict | undefined {
  if (reason === 'stopped' || reason === 'aborted') return release;
  if (reason !== 'expired') return { kind: 'retry' };
  // Who asked has given up by now.
  return replyQueue ? undefined : deadLetter('The message expired before it was handled.');
}
