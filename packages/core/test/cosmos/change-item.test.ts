import {
  changeItem,
  CosmosCalls,
  CosmosContainer,
  type CosmosAnswer,
  type CosmosItem,
} from '@certoai/loom-core/cosmos';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCosmos, things, type TestCosmos } from '../support/cosmos.js';

interface Content {
  readonly revision: number;
  readonly words: readonly string[];
}

/** Somebody changes what was read, without a revision, before it is written. */
class Meddled extends CosmosContainer {
  meddleWith: string | undefined;

  override async read<Document>(
    doing: string,
    pk: string,
    id: string,
  ): Promise<CosmosItem<Document> | undefined> {
    const item = await super.read<Document>(doing, pk, id);
    if (id !== this.meddleWith) return item;
    this.meddleWith = undefined;
    const content: Content = { revision: 1, words: ['meddled'] };
    await this.#put({ id, pk, content });
    return item;
  }

  #put(document: { id: string; pk: string; content: Content }): Promise<CosmosAnswer<CosmosItem<unknown>>> {
    return this.upsert('meddle', document);
  }
}

let cosmos: TestCosmos;
let container: Meddled;

beforeAll(async () => {
  cosmos = await startCosmos();
  container = new Meddled(cosmos.client, { database: 'loom' }, things, new CosmosCalls());
});
afterAll(() => cosmos[Symbol.asyncDispose]());

function add(pk: string, word: string, commit: string): Promise<Content> {
  return changeItem<Content>(
    container,
    'add a word',
    { pk, id: 'state', revisionId: (revision) => `revision.${revision}` },
    commit,
    (before, revision) => ({ revision, words: [...(before?.words ?? []), word] }),
    (_, isRevision) => ({ isRevision }),
  );
}

test('a change is decided on what is there when it is written, also by whom no revision tells of', async () => {
  await add('p1', 'one', 'c1');
  container.meddleWith = 'state';
  expect(await add('p1', 'two', 'c2')).toEqual({ revision: 2, words: ['meddled', 'two'] });
});

test('an item and its revision are written together', async () => {
  await add('p2', 'one', 'c1');
  const state = await container.read('read', 'p2', 'state');
  const revision = await container.read('read', 'p2', 'revision.1');
  expect(state?.document).toMatchObject({ isRevision: false, content: { words: ['one'] } });
  expect(revision?.document).toMatchObject({ isRevision: true, content: { words: ['one'] } });
});

test('who decides that all is as it should be writes nothing', async () => {
  const content = await add('p3', 'one', 'c1');
  cosmos.server.requests.clear();
  const same = await changeItem<Content>(
    container,
    'look',
    { pk: 'p3', id: 'state', revisionId: String },
    'c2',
    () => undefined,
    () => ({}),
  );
  expect(same).toEqual(content);
  expect(cosmos.server.requests.count('batch')).toBe(0);
});

test('who is always too late gives up and says so', async () => {
  await add('p4', 'one', 'c1');
  const taken = changeItem<Content>(
    container,
    'add a word',
    // Somebody has every revision already.
    { pk: 'p4', id: 'state', revisionId: () => 'revision.1' },
    'c2',
    (before, revision) => ({ revision, words: before?.words ?? [] }),
    () => ({}),
  );
  await expect(taken).rejects.toMatchObject({
    code: 'LOOM_CONFLICT',
    message: 'Cosmos DB could not add a word: others changed it 200 times meanwhile. Try again later.',
  });
});
