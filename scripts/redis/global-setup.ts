// Gives the integration projects of one test run one Redis: `inject('redis')` in a test.
import type { TestProject } from 'vitest/node';
import { startRedis } from './start-redis.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** `real` is false when it has no persistence (Valkey in WebAssembly). */
    readonly redis: { readonly url: string; readonly kind: string; readonly real: boolean };
  }
}

type Shared = { users: number; readonly starting: ReturnType<typeof startRedis> };

// Each project loads this file anew; what they share is on the main process.
const key = Symbol.for('loom.test.redis');
const main = globalThis as unknown as Record<symbol, Shared | undefined>;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const first = main[key] === undefined;
  const shared = (main[key] ??= { users: 0, starting: startRedis() });
  shared.users += 1;
  const { url, kind, real, stop } = await shared.starting;
  if (first) process.stderr.write(`redis: ${kind}\n`);
  project.provide('redis', { url, kind, real });
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    main[key] = undefined;
    await stop();
  };
}
