import type { OutboxOutcome } from '@certoai/loom-core';
import {
  againSheafId,
  freeLane,
  keySheafId,
  parkedId,
  sheafItem,
  type KeptLane,
  type KeptMessage,
  type MoreItem,
  type ParkedItem,
  type SheafItem,
} from './outbox-items.js';

/** Ready lanes come before every time there is, those whose first message is oldest first. */
const beforeAllTimes = Number.MIN_SAFE_INTEGER;

/**
 * A lane that nobody has, claimable from `at` on; by default at once.
 * @param next - number of the first message that is in an item of its own
 * @returns undefined when nothing is left of it
 */
export function releasedLane(
  name: string,
  messages: readonly KeptMessage[],
  { next, at }: { readonly next?: number | undefined; readonly at?: number | undefined } = {},
): KeptLane | undefined {
  const [head] = messages;
  const first = head?.number ?? next;
  if (first === undefined) return undefined;
  const isBlocked = head !== undefined && head.content === undefined;
  return { name, messages, token: null, at: isBlocked ? null : (at ?? beforeAllTimes + first) };
}

/** What can be claimed of it, as far as it is in the sheaf. */
export function claimableMessages({ messages }: KeptLane): readonly KeptMessage[] {
  const blocked = messages.findIndex(({ content }) => content === undefined);
  return blocked < 0 ? messages : messages.slice(0, blocked);
}

/** @param names - lanes of the sheaf */
export function leasedSheaf(
  sheaf: SheafItem,
  names: ReadonlySet<string>,
  token: string,
  at: number,
): SheafItem {
  const lanes = sheaf.lanes.map((lane) => (names.has(lane.name) ? { ...lane, token, at } : lane));
  return sheafItem(sheaf, lanes, sheaf.more);
}

/** What a settlement makes of a sheaf. */
interface SettledSheaf {
  readonly sheaf: SheafItem;
  readonly removed: readonly MoreItem[];
  readonly parked: readonly ParkedItem[];
}

/** Whether what becomes of the lane depends on what is in items of its own. */
export function needsLater({ more, lanes }: SheafItem, { lane, sent, failed }: OutboxOutcome): boolean {
  const done = failed === undefined ? sent : [...sent, failed.id];
  const messages = lanes.find(({ name }) => name === lane)?.messages ?? [];
  const here = new Set(messages.map(({ number }) => String(number)));
  // One that was parked may have come back meanwhile, before those that are done.
  const isBeyond = done.some((id) => !here.has(id));
  return more > 0 && (isBeyond || done.length >= messages.length);
}

/**
 * @param outcomes - of lanes that the claim still has
 * @param later - the first items with later messages, in order, where {@link needsLater} says so; one more than
 *   have messages of the outcome
 */
export function settledSheaf(
  sheaf: SheafItem,
  outcomes: readonly OutboxOutcome[],
  later: readonly MoreItem[],
  now: number,
): SettledSheaf {
  const settled: SettledLane[] = [];
  const lanes = sheaf.lanes.flatMap((lane) => {
    const outcome = outcomes.find((one) => one.lane === lane.name);
    if (outcome === undefined) return [lane];
    const one = settledLane(sheaf, lane, outcome, later, now);
    settled.push(one);
    return one.lane === undefined ? [] : [one.lane];
  });
  const removed = settled.flatMap((one) => one.removed);
  const parked = settled.flatMap((one) => (one.parked === undefined ? [] : [one.parked]));
  return { sheaf: sheafItem(sheaf, lanes, sheaf.more - removed.length), removed, parked };
}

interface SettledLane {
  readonly lane: KeptLane | undefined;
  readonly removed: readonly MoreItem[];
  readonly parked: ParkedItem | undefined;
}

function settledLane(
  { pk, key }: SheafItem,
  lane: KeptLane,
  { sent, failed }: OutboxOutcome,
  later: readonly MoreItem[],
  now: number,
): SettledLane {
  const gone = new Set(sent);
  const isLeft = ({ number }: KeptMessage): boolean => !gone.has(String(number));
  const isFailed = ({ number }: KeptMessage): boolean => String(number) === failed?.id;
  const removed: MoreItem[] = [];
  let messages: readonly KeptMessage[] = lane.messages.filter(isLeft);
  // Items of their own stay as they are: of one that is begun, the rest comes into the sheaf.
  for (const item of later) {
    if (!item.messages.some((message) => !isLeft(message) || isFailed(message))) break;
    removed.push(item);
    messages = [...messages, ...item.messages.filter(isLeft)];
  }
  const at = failed?.kind === 'retry' ? now + failed.delayMs : undefined;
  const message = failed && messages.find(isFailed);
  let parked: ParkedItem | undefined;
  if (failed && message?.content !== undefined) {
    const { attempts } = failed;
    const { number, since, content } = message;
    const changed: KeptMessage[] = [];
    if (failed.kind === 'retry') changed.push({ ...message, attempts });
    else {
      const { reason, blocks } = failed;
      const times = { committedAt: since, parkedAt: now };
      parked = { pk, id: parkedId(number), parked: number, key, content, attempts, reason, blocks, ...times };
      // A lane of one message ends with it.
      if (blocks && key !== undefined) changed.push({ number, since, attempts });
    }
    messages = messages.flatMap((one) => (one === message ? changed : [one]));
  }
  const next = later[removed.length];
  // So that the next claim finds messages in the sheaf; with one that is parked it might be too much for a batch.
  if (messages.length === 0 && next !== undefined && parked === undefined) {
    removed.push(next);
    ({ messages } = next);
  }
  return { lane: releasedLane(lane.name, messages, { next: next?.first, at }), removed, parked };
}

/** The sheaf with the message that was parked at its old place. @param sheaf - of its key, when there is one */
export function unparkedSheaf(
  { pk, parked: number, key, content, committedAt }: ParkedItem,
  sheaf: SheafItem | undefined,
): SheafItem {
  const message: KeptMessage = { number, since: committedAt, attempts: 0, content };
  const id = key === undefined ? againSheafId(number) : keySheafId(key);
  const lane = sheaf?.lanes[0];
  const others = lane?.messages.filter((one) => one.number !== number) ?? [];
  const messages = [...others, message].toSorted((a, b) => a.number - b.number);
  const name = lane?.name ?? (key === undefined ? freeLane(id, number) : id);
  return sheafItem({ pk, id, key }, [heldOr(lane, messages, name)], sheaf?.more ?? 0);
}

/** The sheaf without the parked message that blocks it. @param next - as in {@link releasedLane} */
export function unblockedSheaf(
  sheaf: SheafItem,
  { parked }: ParkedItem,
  next: number | undefined,
): SheafItem {
  const lanes = sheaf.lanes.flatMap((lane) => {
    const messages = lane.messages.filter(({ number }) => number !== parked);
    const left = lane.token === null ? releasedLane(lane.name, messages, { next }) : { ...lane, messages };
    return left === undefined ? [] : [left];
  });
  return sheafItem(sheaf, lanes, sheaf.more);
}

/**
 * Cuts off what is behind the place of `number` and behind all that is parked, to be an item of its own.
 * @returns undefined when there is nothing to cut off
 */
export function splitSheaf(
  sheaf: SheafItem,
  number: number,
): { readonly sheaf: SheafItem; readonly tail: readonly KeptMessage[] } | undefined {
  const [lane] = sheaf.lanes;
  if (lane === undefined) return undefined;
  const { messages } = lane;
  const behind = messages.findLastIndex((one) => one.content === undefined || one.number <= number) + 1;
  const tail = messages.slice(behind);
  if (tail.length === 0) return undefined;
  const left = { ...lane, messages: messages.slice(0, behind) };
  return { sheaf: sheafItem(sheaf, [left], sheaf.more + 1), tail };
}

/** Its first message may be another one now. Whoever has the lane goes on. */
function heldOr(lane: KeptLane | undefined, messages: readonly KeptMessage[], name: string): KeptLane {
  if (lane !== undefined && lane.token !== null) return { ...lane, messages };
  return releasedLane(name, messages) as KeptLane;
}
