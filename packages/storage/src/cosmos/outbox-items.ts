import { cosmosId, type CosmosDocument } from '@certoai/loom-core/cosmos';

/*
 * What one partition has of an outbox:
 *
 *   head             the number of the last message
 *   state.<key>      a state
 *   commit.<name>    a commit that was done, for as long as its answer may be lost
 *   key.<key>        a sheaf with the lane of a key: the messages of the commit that made it
 *   more.<number>    the messages of a later commit for such a lane; never changed
 *   free.<number>    a sheaf with the lanes of all messages of one commit that have no key
 *   again.<number>   the same, of a message that was parked and is retried
 *   parked.<number>  a parked message
 *
 * Only a sheaf with something in it is there.
 */

export const headId = 'head';
export const stateId = (key: string): string => `state.${cosmosId(key)}`;
export const keySheafId = (key: string): string => `key.${cosmosId(key)}`;
export const moreId = (number: number): string => `more.${number}`;
export const freeSheafId = (number: number): string => `free.${number}`;
export const againSheafId = (number: number): string => `again.${number}`;
export const parkedId = (number: number | string): string => `parked.${number}`;

/** Names of lanes begin with the id of their sheaf; what has no key is told apart by its number. */
export const freeLane = (sheafId: string, number: number): string => `${sheafId}#${number}`;
export const sheafIdOf = (lane: string): string => lane.split('#', 1)[0] as string;

export interface HeadItem extends CosmosDocument {
  last: number;
}

export interface StateItem extends CosmosDocument {
  version: number;
  value: string;
}

export interface CommitItem extends CosmosDocument {
  versions: readonly number[];
}

export interface KeptMessage {
  readonly number: number;
  /** When it was committed; milliseconds since the epoch, by the clock of who did. */
  readonly since: number;
  readonly attempts: number;
  /** Absent where a parked message blocks its lane: it holds the place of that. */
  readonly content?: string | undefined;
}

export interface KeptLane {
  readonly name: string;
  /** When it may be claimed. Ready ones come before all times, by the number of their first message; `null`: blocked. */
  readonly at: number | null;
  /** The claim that has it, also when the lease has ended. */
  readonly token: string | null;
  /** In the order of their commits. */
  readonly messages: readonly KeptMessage[];
}

/** Fields that are looked for, as those of `more` items. */
interface Counted {
  /** Messages that wait. */
  waiting: number;
  /** Number of the first of them, and when it was committed. */
  first?: number | undefined;
  since?: number | undefined;
}

/** Lanes that are written together. */
export interface SheafItem extends CosmosDocument, Counted {
  /** Of the one lane it has then. */
  key?: string | undefined;
  lanes: readonly KeptLane[];
  /** How many items have later messages of it. */
  more: number;
  /** The earliest of its lanes; absent when all are blocked. */
  at?: number | undefined;
}

export interface MoreItem extends CosmosDocument, Counted {
  /** Id of the sheaf. */
  lane: string;
  first: number;
  messages: readonly KeptMessage[];
}

export interface ParkedItem extends CosmosDocument {
  /** Its number. */
  parked: number;
  key?: string | undefined;
  content: string;
  attempts: number;
  reason: string;
  blocks: boolean;
  committedAt: number;
  parkedAt: number;
}

export function sheafItem(
  { pk, id, key }: { readonly pk: string; readonly id: string; readonly key?: string | undefined },
  lanes: readonly KeptLane[],
  more: number,
): SheafItem {
  let at: number | undefined;
  for (const lane of lanes) if (lane.at !== null && !(lane.at >= (at ?? Infinity))) at = lane.at;
  return { pk, id, key, lanes, more, at, ...counted(lanes.flatMap(({ messages }) => messages)) };
}

export function moreItem(pk: string, lane: string, messages: readonly KeptMessage[]): MoreItem {
  const first = (messages[0] as KeptMessage).number;
  return { pk, id: moreId(first), lane, messages, ...counted(messages), first };
}

function counted(messages: readonly KeptMessage[]): Counted {
  let waiting = 0;
  let oldest: KeptMessage | undefined;
  for (const message of messages) {
    if (message.content === undefined) continue;
    waiting += 1;
    if (oldest === undefined || message.number < oldest.number) oldest = message;
  }
  return { waiting, first: oldest?.number, since: oldest?.since };
}

/** Bytes of its JSON form in UTF-8, which is what goes over the wire. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
