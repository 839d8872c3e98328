import { createIdSource, silentLogger, systemClock } from '@certoai/loom-core';
import { ManualClock } from '@certoai/loom-core/testing';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { judgeEventLoop, judgeMemory, judgeVersion, oldestNode } from '../../src/doctor/look-at-node.js';
import { diagnose, formatDiagnosis, Loom, type Diagnosis, type LoomOptions } from '../../src/index.js';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).toReversed()) await release();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loom-doctor-test-'));
  releases.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** One text a finding, with what differs from run to run and what is of this machine taken out. */
function lines({ findings }: Diagnosis): readonly string[] {
  return findings
    .filter(({ check }) => !['memory', 'event-loop', 'file-system', 'space'].includes(check))
    .map(({ part, check, severity, message, fix }) =>
      [severity, part, check, message, ...(fix === undefined ? [] : ['→', fix])]
        .join(' ')
        .replaceAll(/\/\S*loom-doctor-test-\w+/g, '<folder>')
        .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
        // It tries again, and what comes of the last try depends on the time that is left.
        .replaceAll(/"loom\/\S+": E\w+ .*?\. →/g, '<container>: <reason>. →')
        .replaceAll(/[\d.]+ ms until/g, '<n> ms until')
        .replaceAll(/\d+ KiB/g, '<n> KiB')
        .replaceAll(/(Node|SQLite) [\d.]+\d/g, '$1 <n>')
        .replaceAll(/comes with \S+\./g, 'comes with <driver>.'),
    );
}

/** A server that takes connections and answers some commands, each with the same. */
async function startServer(replies: (command: string) => string | undefined): Promise<{
  readonly port: number;
  readonly connected: Promise<unknown>;
  /** Resolves once it has had connections and none is left. */
  readonly deserted: () => Promise<unknown>;
}> {
  const closing: Promise<unknown>[] = [];
  const server = net.createServer((socket) => {
    closing.push(once(socket, 'close'));
    socket.on('error', () => {});
    socket.on('data', (data) => {
      for (const [, command = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g))
        socket.write(replies(command.toUpperCase()) ?? '');
    });
  });
  const connected = once(server, 'connection');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => server.close());
  return {
    connected,
    port: (server.address() as net.AddressInfo).port,
    deserted: async () => {
      expect(closing.length).toBeGreaterThan(0);
      await Promise.all(closing);
    },
  };
}

describe('diagnose', () => {
  test('looks at this process and warns of what is kept in memory', async () => {
    const diagnosis = await diagnose();
    expect(lines(diagnosis)).toMatchInlineSnapshot(`
      [
        "ok node version This is Node <n>.",
        "ok config settings The configuration can be used.",
        "warning config durability Executions are kept in memory, and are gone with the process. → Set embedded.path to a folder, or redis.",
      ]
    `);
    expect(diagnosis.worst).toBe('warning');
    expect(diagnosis.findings.map(({ part, check }) => `${part} ${check}`)).toEqual([
      'node version',
      'node memory',
      'node event-loop',
      'config settings',
      'config durability',
    ]);
    expect(JSON.parse(JSON.stringify(diagnosis))).toEqual(diagnosis);
  });

  test('looks at a folder and makes nothing, with every part that Loom takes', async () => {
    const folder = newFolder();
    const diagnosis = await diagnose({
      embedded: { path: join(folder, 'store') },
      logger: silentLogger,
      clock: systemClock,
      ids: createIdSource(),
      tracer: { observe: () => undefined },
      layered: { get: () => ({}) },
    });
    expect(lines(diagnosis)).toMatchInlineSnapshot(`
      [
        "ok node version This is Node <n>.",
        "ok config settings The configuration can be used.",
        "ok embedded driver SQLite <n> comes with <driver>.",
        "ok embedded folder "<folder>/store" can be made; a commit takes <n> ms until it is on the disk.",
      ]
    `);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('looks at a folder that Loom has open, and disturbs nothing', async () => {
    const path = join(newFolder(), 'store');
    await using loom = new Loom({ embedded: { path } });
    loom.registerActor('echo', (input: unknown) => input);
    await loom.initialize();
    expect(lines(await diagnose({ embedded: { path } })).at(-1)).toMatchInlineSnapshot(
      `"ok embedded lock This process has the store open."`,
    );
    const { output } = await loom.executePipeline({ stages: [{ id: 's', actor: 'echo' }] }, 1);
    expect(output).toBe(1);
  });

  test('tells why Loom cannot start in a folder', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    const options: LoomOptions = { embedded: { path: join(folder, 'file') } };
    const diagnosis = await diagnose(options);
    expect(lines(diagnosis).at(-1)).toMatchInlineSnapshot(
      `"error embedded folder "<folder>/file" cannot be used: "<folder>/file" is a file. → Give a folder that this user can make and write."`,
    );
    expect(diagnosis.worst).toBe('error');
    await expect(new Loom(options).initialize()).rejects.toThrow(/which is a file/);
  });

  test('tells every problem of a configuration as it is', async () => {
    const wrong = {
      redis: { host: 'localhost', port: 99_999, password: 'secret-word' },
      worker: { concurency: 3 },
    } as LoomOptions;
    const diagnosis = await diagnose(wrong);
    expect(lines(diagnosis).slice(1)).toMatchInlineSnapshot(`
      [
        "error config wrong-value redis.port (code) is 99999. Give a whole number from 1 to 65535. → Put it right and look again: nothing that the configuration names was looked at.",
        "error config unknown-setting worker.concurency (code) is not a setting. Did you mean worker.concurrency? → Put it right and look again: nothing that the configuration names was looked at.",
      ]
    `);
    expect(JSON.stringify(diagnosis)).not.toContain('secret-word');
    const [cause] = await Promise.allSettled([new Loom(wrong).initialize()]);
    for (const { message } of diagnosis.findings.filter(({ part }) => part === 'config'))
      expect((cause as PromiseRejectedResult).reason.message).toContain(message);

    expect(lines(await diagnose({ redis: 'redis://localhost', embedded: { path: 'x' } })).slice(1))
      .toMatchInlineSnapshot(`
      [
        "error config conflict Both "redis" and "embedded.path" are given, and executions live in one place. Remove one of the two. → Put it right and look again: nothing that the configuration names was looked at.",
      ]
    `);
  });

  test('tells stores that cannot be reached, one beside the other', async () => {
    const { port } = await startServer(() => '');
    await releases.pop()?.();
    const diagnosis = await diagnose(
      {
        redis: { host: '127.0.0.1', port, password: 'secret-word' },
        cosmos: { endpoint: `http://127.0.0.1:${port}`, key: 'c2VjcmV0LXdvcmQ=' },
      },
      { timeoutMs: 3_000 },
    );
    expect(lines(diagnosis).slice(2)).toMatchInlineSnapshot(`
      [
        "error redis connection Redis at <address> could not be used: connect ECONNREFUSED <address>. → Check host, port and TLS, and that the server runs.",
        "ok cosmos credential This process signs in with a key of the account.",
        "error cosmos account Cosmos DB could not read the layout in <container>: <reason>. → Nothing was changed. Check that the account can be reached.",
      ]
    `);
    expect(JSON.stringify(diagnosis)).not.toMatch(/secret-word|c2VjcmV0/);
  });

  test('gives each part its time, keeps what it found by then, and closes what it opened', async () => {
    const silent = await startServer(() => undefined);
    const halting = await startServer((command) => (command === 'INFO' ? undefined : '+OK\r\n'));
    const timeoutMs = 2_000;
    const [first, second] = await Promise.all(
      [silent, halting].map(({ port }) => diagnose({ redis: { host: '127.0.0.1', port } }, { timeoutMs })),
    );
    expect(lines(first as Diagnosis).slice(2)).toMatchInlineSnapshot(`
      [
        "error redis answer There was no answer within 2000 ms. → Check host, port and TLS, and that no firewall drops what is sent. Or give it more time with timeoutMs.",
      ]
    `);
    expect(lines(second as Diagnosis).slice(2)).toMatchInlineSnapshot(`
      [
        "ok redis connection Redis at <address> answers.",
        "error redis answer There was no answer within 2000 ms. → Check host, port and TLS, and that no firewall drops what is sent. Or give it more time with timeoutMs.",
      ]
    `);
    await silent.deserted();
    await halting.deserted();
  });

  test('waits on the clock it is given', async () => {
    const clock = new ManualClock();
    const { port, connected, deserted } = await startServer(() => undefined);
    let isDone = false;
    const looking = diagnose({ redis: { host: '127.0.0.1', port }, clock }, { timeoutMs: 60_000 });
    void looking.then(() => (isDone = true));
    await connected;
    await clock.advance(59_999);
    expect(isDone).toBe(false);
    await clock.advance(1);
    expect((await looking).findings.at(-1)).toMatchObject({ part: 'redis', check: 'answer' });
    await deserted();
  });

  test.each([Number.NaN, 0, -1, 1.5, Infinity, 600_001, '5' as never])(
    'refuses timeoutMs %s',
    async (timeoutMs) => {
      await expect(diagnose({}, { timeoutMs })).rejects.toMatchObject({
        code: 'LOOM_INVALID_OPTION',
        message: `timeoutMs is ${timeoutMs}; give a whole number of milliseconds, 1 to 600000.`,
      });
    },
  );

  test.each([null, 7, 'redis://localhost'])('refuses %s for a configuration', async (config) => {
    await expect(diagnose(config as never)).rejects.toMatchObject({ code: 'LOOM_INVALID_OPTION' });
  });
});

describe('this process', () => {
  test('needs the Node that package.json says', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      readonly engines: { readonly node: string };
    };
    expect(engines.node).toBe(`>=${oldestNode}`);
    const severities = ['18.20.4', '20.18.9', '20.19.0', '20.20.2', '22.0.0', '24.1.0'].map(
      (version) => judgeVersion(version).severity,
    );
    expect(severities).toEqual(['error', 'error', 'ok', 'ok', 'ok', 'ok']);
    expect(judgeVersion('18.20.4')).toMatchInlineSnapshot(`
      {
        "check": "version",
        "fix": "Update Node.",
        "message": "This is Node 18.20.4; 20.19.0 is needed.",
        "severity": "error",
      }
    `);
  });

  test('has a heap that fits into its container', () => {
    const mib = 1024 ** 2;
    expect(
      [
        judgeMemory(4_096 * mib, undefined),
        judgeMemory(512 * mib, 1_024 * mib),
        judgeMemory(4_096 * mib, 512 * mib),
      ].map(({ severity, message, fix }) => `${severity} ${message} → ${fix}`),
    ).toMatchInlineSnapshot(`
      [
        "ok The heap may grow to 4096 MiB, and no container limits this process. → undefined",
        "ok The heap may grow to 512 MiB, and the container has 1024 MiB. → undefined",
        "warning The heap may grow to 4096 MiB, and the container has 512 MiB. The kernel kills the process before its memory is collected. → Start Node with --max-old-space-size=384, or give the container more memory.",
      ]
    `);
  });

  test('has an event loop that is in time', () => {
    expect(judgeEventLoop([1, 0, 2, 400])).toMatchObject({ severity: 'ok', measured: { longestMs: 400 } });
    expect(judgeEventLoop([90, 80, 70])).toMatchInlineSnapshot(`
      {
        "check": "event-loop",
        "fix": "Give it more CPU, and move long computations to other processes.",
        "measured": {
          "longestMs": 90,
          "medianMs": 80,
        },
        "message": "Timers are 80 ms late, the median of 3 while this process was idle. A process that is too late loses its leases.",
        "severity": "warning",
      }
    `);
  });
});

test('formatDiagnosis is a table with what to do under what is wrong', () => {
  const diagnosis: Diagnosis = {
    worst: 'error',
    findings: [
      { part: 'node', check: 'version', severity: 'ok', message: 'This is Node 20.20.2.' },
      {
        part: 'redis',
        check: 'persistence',
        severity: 'warning',
        message: 'It is off.',
        fix: 'Switch it on.',
      },
      {
        part: 'cosmos',
        check: 'containers',
        severity: 'error',
        message: 'One is missing.',
        fix: 'Run:\naz one\naz two',
      },
    ],
  };
  expect(formatDiagnosis(diagnosis)).toMatchInlineSnapshot(`
    "ok       node    version      This is Node 20.20.2.
    warning  redis   persistence  It is off.
                                  → Switch it on.
    error    cosmos  containers   One is missing.
                                  → Run:
                                  az one
                                  az two

    1 error, 1 warning, 1 ok"
  `);
  expect(formatDiagnosis({ worst: 'ok', findings: [] })).toMatchInlineSnapshot(`
    "
    0 errors, 0 warnings, 0 ok"
  `);
});
