import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteTraceStore, type TraceSqliteDriver } from '@certoai/loom-observability';
import { afterAll, describe, test } from 'vitest';
import { hasNodeSqlite } from '../../src/store/sqlite-driver.js';
import { traceStoreConformance } from './trace-store-conformance.js';

const drivers: readonly TraceSqliteDriver[] = hasNodeSqlite() ? ['node:sqlite', 'libsql'] : ['libsql'];
const folders = mkdtempSync(join(tmpdir(), 'loom-traces-'));

afterAll(() => {
  rmSync(folders, { recursive: true });
});

describe.each(drivers)('on %s', (driver) => {
  for (const { name, run } of traceStoreConformance) {
    test(name, () =>
      run({ create: () => openSqliteTraceStore({ folder: mkdtempSync(join(folders, 'one-')), driver }) }),
    );
  }
});
