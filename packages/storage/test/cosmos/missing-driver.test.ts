import { openCosmos } from '@certoai/loom-storage';
import { expect, test, vi } from 'vitest';

const notInstalled = vi.hoisted(() => (): never => {
  throw new Error('Cannot find package');
});

vi.mock('@azure/cosmos', notInstalled);
vi.mock('@azure/identity', notInstalled);

test('the package of Cosmos DB is loaded when a database is opened, and missed by name', async () => {
  const opening = openCosmos({ endpoint: 'https://shop.documents.azure.com', key: 'az==' });
  await expect(opening).rejects.toMatchObject({
    code: 'LOOM_MISSING_DEPENDENCY',
    message: 'The package "@azure/cosmos" cannot be loaded. Run "npm install @azure/cosmos".',
  });
});
