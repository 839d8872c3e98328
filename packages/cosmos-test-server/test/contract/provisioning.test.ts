import { expect, test } from 'vitest';
import { describeContract, fresh, keyOn, refusal } from './target.js';

describeContract('provisioning', (target) => {
  test('creating a database that exists is a conflict, and createIfNotExists is not', async (context) => {
    target.needManagement(context);
    const { databases } = target.client;
    const { id } = target.database;
    expect(await refusal(databases.create({ id }))).toMatchObject({ code: 409 });
    expect((await databases.createIfNotExists({ id })).statusCode).toBe(200);
  });

  test('creating a container that exists is a conflict, and createIfNotExists is not', async (context) => {
    target.needManagement(context);
    const definition = { id: (await target.container()).id, partitionKey: keyOn('/pk') };
    const { containers } = target.database;
    expect(await refusal(containers.create(definition))).toMatchObject({ code: 409 });
    expect((await containers.createIfNotExists(definition)).statusCode).toBe(200);
  });

  test('a database or container that is not there is not found', async () => {
    expect(await refusal(target.client.database(fresh()).read())).toMatchObject({ code: 404 });
    expect(await refusal(target.database.container(fresh()).read())).toMatchObject({ code: 404 });
    const item = target.database.container(fresh()).items.create({ id: '1', pk: 'a' });
    expect(await refusal(item)).toMatchObject({ code: 404 });
  });

  test('keeps partition key, time to live, unique keys and indexing policy of a container', async () => {
    const container = await target.container({
      id: 'kept',
      partitionKey: keyOn('/tenant'),
      defaultTtl: 3600,
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/email'] }] },
      indexingPolicy: {
        indexingMode: 'consistent',
        automatic: true,
        includedPaths: [{ path: '/*' }],
        excludedPaths: [{ path: '/payload/*' }],
        compositeIndexes: [
          [
            { path: '/a', order: 'ascending' },
            { path: '/b', order: 'descending' },
          ],
        ],
      },
    });
    const { resource } = await container.read();
    expect(resource).toMatchObject({
      partitionKey: { paths: ['/tenant'], kind: 'Hash', version: 2 },
      defaultTtl: 3600,
      uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/email'] }] },
      indexingPolicy: {
        indexingMode: 'consistent',
        includedPaths: [{ path: '/*' }],
        compositeIndexes: [
          [
            { path: '/a', order: 'ascending' },
            { path: '/b', order: 'descending' },
          ],
        ],
      },
    });
    const excluded = resource?.indexingPolicy?.excludedPaths?.map(({ path }) => path);
    expect(excluded).toEqual(expect.arrayContaining(['/payload/*', '/"_etag"/?']));
  });

  test('replaces the time to live and the indexing policy of a container', async (context) => {
    target.needManagement(context);
    const container = await target.container({ id: 'replaced' });
    const { resource } = await container.read();
    await container.replace({ ...resource!, id: container.id, defaultTtl: 60 });
    expect((await container.read()).resource?.defaultTtl).toBe(60);
  });

  test('refuses to change the partition key of a container', async (context) => {
    target.needManagement(context);
    const container = await target.container();
    const definition = { id: container.id, partitionKey: keyOn('/other') };
    expect(await refusal(container.replace(definition))).toMatchObject({ code: 400 });
  });

  test('lists databases and containers, also by query', async (context) => {
    target.needManagement(context);
    const { id } = await target.container();
    const { resources } = await target.database.containers.readAll().fetchAll();
    expect(resources.map((one) => one.id)).toContain(id);
    const query = { query: 'SELECT * FROM d WHERE d.id = @id', parameters: [{ name: '@id', value: id }] };
    const found = await target.database.containers.query(query).fetchAll();
    expect(found.resources.map((one: { id: string }) => one.id)).toEqual([id]);
    const databases = await target.client.databases.readAll().fetchAll();
    expect(databases.resources.map((one) => one.id)).toContain(target.database.id);
  });

  test('a wrong key is refused', async (context) => {
    target.needManagement(context);
    const key = Buffer.from('another key').toString('base64');
    const stranger = target.newClient({ key });
    expect(await refusal(stranger.database(target.database.id).read())).toMatchObject({ code: 401 });
  });
});
