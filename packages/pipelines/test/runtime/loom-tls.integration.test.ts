import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OwnRedis } from '../../../../scripts/redis/own-redis.js';
import { TestAuthority, noTlsRedis, startTlsRedis } from '../../../../scripts/redis/tls-redis.js';
import { ChildProgram } from '../kit/child-program.js';

const why = noTlsRedis ?? 'no server for it';

describe.skipIf(noTlsRedis !== undefined)(`Loom at a rediss:// address, unless there is ${why}`, () => {
  let authority: TestAuthority;
  let redis: OwnRedis;
  let address: string;
  beforeAll(async () => {
    authority = new TestAuthority();
    const started = await startTlsRedis(authority);
    redis = started.redis;
    address = `rediss://127.0.0.1:${started.tlsPort}`;
  });
  afterEach(() => void vi.unstubAllEnvs());
  afterAll(async () => {
    await redis.remove();
    authority.remove();
  });

  test('runs a pipeline when the process knows the authority of its certificate', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', authority.file);
    await using child = new ChildProgram('./tls-program.ts', [address]);
    expect(await child.says('')).toBe('output 42');
  });

  test('says at once what is wrong when it does not', async () => {
    await using child = new ChildProgram('./tls-program.ts', [address]);
    expect(await child.says('')).toMatch(
      /^refused Redis at 127.0.0.1:\d+ could not be connected to by TLS: (self-signed|unable to verify).*NODE_EXTRA_CA_CERTS/,
    );
  });
});
