import { randomUUID } from 'node:crypto';
import type { OutboxClaim, OutboxEntry, OutboxStore } from '../../ports/outbox-store.js';

export const leaseMs = 60_000;
/** More than any case commits. */
const maxDrained = 20_000;

export function entries(key: string | undefined, ...contents: readonly string[]): readonly OutboxEntry[] {
  return contents.map((content) => ({ key, content }));
}

export async function commit(store: OutboxStore, messages: readonly OutboxEntry[]): Promise<void> {
  await store.commit({ writes: [], messages });
}

/** A claim under a name of its own. */
export async function claim(
  store: OutboxStore,
  limit = 100,
): Promise<OutboxClaim & { readonly token: string }> {
  const token = randomUUID();
  return { ...(await store.claim({ token, leaseMs, limit })), token };
}

/** What was claimed, by lane; lanes in the order of their first content. */
export function contentsOf({ lanes }: OutboxClaim): readonly (readonly string[])[] {
  const contents = lanes.map(({ messages }) => messages.map(({ content }) => content));
  return contents.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

/** Claims and settles until nothing is left, which has to come nearer with each claim. */
export async function drain(store: OutboxStore, limit: number): Promise<readonly string[]> {
  const sent: string[] = [];
  for (;;) {
    const { lanes, token } = await claim(store, limit);
    if (lanes.length === 0) return sent;
    if (lanes.some(({ messages }) => messages.length === 0))
      throw new Error('a lane without messages was claimed');
    for (const { messages } of lanes) sent.push(...messages.map(({ content }) => content));
    if (sent.length > maxDrained) throw new Error('messages that were sent are claimed again and again');
    await store.settle(
      token,
      lanes.map(({ lane, messages }) => ({ lane, sent: messages.map(({ id }) => id) })),
    );
  }
}

/** Claims one message, which must be there, and says that it failed. */
export async function park(store: OutboxStore, blocks: boolean): Promise<string> {
  const { lanes, token } = await claim(store, 1);
  const [first] = lanes;
  const id = first?.messages[0]?.id;
  if (!first || id === undefined) throw new Error('nothing can be claimed');
  await store.settle(token, [
    { lane: first.lane, sent: [], failed: { kind: 'park', id, attempts: 3, reason: 'too large', blocks } },
  ]);
  return id;
}
