import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { startCosmosTestServer } from '../src/index.js';
import { clientOf, openContainer, openServer } from './open-server.js';

test.each([
  [{ port: -1 }, 'port is -1'],
  [{ port: 65_536 }, 'port is 65536'],
  [{ port: Number.NaN }, 'port is NaN'],
  [{ partitions: 0 }, 'partitions is 0'],
  [{ partitions: 101 }, 'partitions is 101'],
  [{ partitions: 1.5 }, 'partitions is 1.5'],
  [{ key: '' }, 'key is not base64'],
  [{ key: 'not base64!' }, 'key is not base64'],
  [{ https: 'yes' as never }, 'https is "yes"'],
])('refuses the options %o', async (options, message) => {
  await expect(startCosmosTestServer(options)).rejects.toThrow(message);
});

test('an explicit undefined is the default', async () => {
  const server = await openServer({ port: undefined, https: undefined, partitions: undefined });
  expect(server.endpoint).toMatch(/^http:/);
  const container = await openContainer(clientOf(server));
  expect(await container.getFeedRanges()).toHaveLength(4);
});

test('two servers know nothing of each other', async () => {
  const [one, other] = [await openServer(), await openServer()];
  await openContainer(clientOf(one));
  expect((await clientOf(other).databases.readAll().fetchAll()).resources).toEqual([]);
  expect(one.key).not.toBe(other.key);
});

test('closing twice is closing once, and cuts a request that is under way', async () => {
  const server = await startCosmosTestServer();
  server.faults.add({ times: 1, effect: { kind: 'delay', ms: 600_000 } });
  const ask = (): Promise<string> =>
    fetch(server.endpoint).then(
      () => 'answered',
      () => 'cut',
    );
  const asked = [ask(), ask()];
  // Once one of them is answered the other has been struck.
  await Promise.race(asked);
  const closing = server.close();
  expect(server.close()).toBe(closing);
  await closing;
  expect((await Promise.all(asked)).toSorted()).toEqual(['answered', 'cut']);
  await expect(fetch(server.endpoint)).rejects.toThrow();
});

test('the certificate is one that others read too', async () => {
  const { ca } = await openServer({ https: true });
  const certificate = new X509Certificate(ca as string);
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.ca).toBe(true);
  const now = Date.now();
  expect(Date.parse(certificate.validFrom)).toBeLessThan(now);
  expect(Date.parse(certificate.validTo)).toBeGreaterThan(now);
});

test('the clock moves forward only, and stands still when it is stopped', async () => {
  const { clock } = await openServer();
  clock.stop();
  const before = clock.now();
  clock.advance(1000);
  expect(clock.now()).toBe(before + 1000);
  for (const ms of [-1, Number.NaN, Infinity]) expect(() => clock.advance(ms)).toThrow(RangeError);
});
