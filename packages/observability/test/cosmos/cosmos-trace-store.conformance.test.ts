import { afterAll, beforeAll, test } from 'vitest';
import { CosmosTraceStore } from '../../src/cosmos/cosmos-trace-store.js';
import { traceStoreConformance } from '../store/trace-store-conformance.js';
import { startCosmos, type TestCosmos } from '../support/cosmos.js';

let cosmos: TestCosmos;
let stores = 0;

beforeAll(async () => {
  cosmos = await startCosmos();
});
afterAll(() => cosmos[Symbol.asyncDispose]());

for (const { name, run } of traceStoreConformance) {
  test(name, { timeout: 60_000 }, () =>
    run({
      async create() {
        const database = `traces-${(stores += 1)}`;
        await cosmos.database(database);
        return new CosmosTraceStore(cosmos.client, { database });
      },
    }),
  );
}
