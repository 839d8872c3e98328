import { LoomError } from '../errors/loom-error.js';
import type { CosmosDocument } from './cosmos-client-like.js';
import type { CosmosContainer } from './cosmos-container.js';

/** Rounds of a change against others: in each of them one is through. */
const maxRounds = 200;

/** An item whose every state is kept. */
export interface RevisedItem {
  readonly pk: string;
  /** Of the item as it is. */
  readonly id: string;
  /** Of the state that it got with its change number `revision`, from 1. */
  readonly revisionId: (revision: number) => string;
}

/** What an item holds beside its ids. */
export interface RevisedContent {
  /** How many changes it had, from 1. */
  readonly revision: number;
}

/** Fields of an item and of its revisions. */
interface Committed extends CosmosDocument {
  commit: string;
  content: never;
}

/**
 * Changes an item, whoever else does at the same time: what is decided is decided on what is then there. The item
 * and its revision are written together, under the ETag that was read. The revision comes first, so that a second
 * try after a lost answer meets it, and not the state it made.
 * @param commit - unique to this change: says after a lost answer whose revision is there
 * @param decide - the next content, or undefined when all is as it should be; may throw
 * @param indexed - more fields of both, to find them by
 * @throws LoomError `LOOM_CONFLICT` when others were first time and again
 */
export async function changeItem<Content extends RevisedContent>(
  container: CosmosContainer,
  doing: string,
  { pk, id, revisionId }: RevisedItem,
  commit: string,
  decide: (before: Content | undefined, revision: number) => Content | undefined,
  indexed: (content: Content, isRevision: boolean) => object,
): Promise<Content> {
  for (let round = 1; round <= maxRounds; round++) {
    const item = await container.read<Committed>(doing, pk, id);
    const before = item?.document.content as Content | undefined;
    const content = decide(before, (before?.revision ?? 0) + 1);
    if (content === undefined) return before as Content;
    const document = (itemId: string, isRevision: boolean): CosmosDocument => ({
      ...indexed(content, isRevision),
      ...{ id: itemId, pk, commit, content },
    });
    const markId = revisionId(content.revision);
    const next = document(id, false);
    const answer = await container.batch(doing, pk, [
      { operationType: 'Create', resourceBody: document(markId, true) },
      item === undefined
        ? { operationType: 'Create', resourceBody: next }
        : { operationType: 'Replace', id, ifMatch: item.etag, resourceBody: next },
    ]);
    if (answer.kind === 'done') return content;
    const mark = answer.inDoubt ? await container.read<Committed>(doing, pk, markId) : undefined;
    if (mark?.document.commit === commit) return mark.document.content;
  }
  const message = `Cosmos DB could not ${doing}: others changed it ${maxRounds} times meanwhile. Try again later.`;
  throw new LoomError('LOOM_CONFLICT', message, { pk, id });
}
