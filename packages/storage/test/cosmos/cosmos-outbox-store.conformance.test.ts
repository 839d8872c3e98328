import { outboxStoreConformance } from '@certoai/loom-core/testing';
import { afterAll, beforeAll, test } from 'vitest';
import { CosmosOutboxes } from './cosmos-outboxes.js';
import { startCosmos, type TestCosmos } from './cosmos.js';

let cosmos: TestCosmos;

beforeAll(async () => {
  cosmos = await startCosmos();
});
afterAll(() => cosmos[Symbol.asyncDispose]());

for (const { name, run } of outboxStoreConformance) {
  test(name, { timeout: 120_000 }, () => run(new CosmosOutboxes(cosmos)));
}
