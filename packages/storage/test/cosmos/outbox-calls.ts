import { randomUUID } from 'node:crypto';
import type { OutboxEntry, OutboxStore } from '@certoai/loom-core';

export const leaseMs = 60_000;

export const keyed = (key: string | undefined, ...contents: readonly string[]): readonly OutboxEntry[] =>
  contents.map((content) => ({ key, content }));

export const commit = (store: OutboxStore, messages: readonly OutboxEntry[]) =>
  store.commit({ writes: [], messages });

export async function claim(store: OutboxStore, limit = 100) {
  const token = randomUUID();
  return { ...(await store.claim({ token, leaseMs, limit })), token };
}

type Claim = Awaited<ReturnType<typeof claim>>;

export const contentsOf = ({ lanes }: Claim): readonly string[] =>
  lanes.flatMap(({ messages }) => messages.map(({ content }) => content));

export const settle = (store: OutboxStore, { token, lanes }: Claim): Promise<void> =>
  store.settle(
    token,
    lanes.map(({ lane, messages }) => ({ lane, sent: messages.map(({ id }) => id) })),
  );

/** One claim after the other, until one finds nothing. */
export async function drain(store: OutboxStore, limit = 100): Promise<readonly string[]> {
  const contents: string[] = [];
  for (;;) {
    const claimed = await claim(store, limit);
    if (claimed.lanes.length === 0) return contents;
    contents.push(...contentsOf(claimed));
    await settle(store, claimed);
  }
}

/** Says of the first message that can be claimed that it failed for good. */
export async function park(store: OutboxStore, blocks: boolean): Promise<string> {
  const { lanes, token } = await claim(store, 1);
  const { lane = '', messages } = lanes[0] ?? {};
  const id = messages?.[0]?.id ?? '';
  const failed = { kind: 'park', id, attempts: 1, reason: 'refused', blocks } as const;
  await store.settle(token, [{ lane, sent: [], failed }]);
  return id;
}
