import { ManualClock, settled } from '@certoai/loom-core/testing';
import { InMemoryInstanceRegistry } from '@certoai/loom-storage/memory';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkActorQuery,
  newestVersion,
  pickConsistently,
  planPreflight,
  selectActors,
  type ActorCandidate,
  type ActorInstance,
  type ActorQuery,
  type PickOptions,
  ServiceDiscovery,
} from '../../src/index.js';
import { failureOf, messageOf } from '../support/failure-of.js';
import { instance } from '../support/instance.js';

let clock: ManualClock;
let instances: InMemoryInstanceRegistry;
let discovery: ServiceDiscovery;

beforeEach(() => {
  clock = new ManualClock();
  instances = new InMemoryInstanceRegistry({ clock, leaseMs: 1_000 });
  discovery = new ServiceDiscovery({ instances, random: () => 0.5 });
});
afterEach(async () => {
  await discovery.close();
  await instances.close();
  expect(clock.pendingTimers).toBe(0);
});

async function register(...all: readonly ActorInstance[]): Promise<void> {
  for (const one of all) await instances.register(one);
}
const idsOf = (candidates: readonly ActorCandidate[]): readonly string[] =>
  candidates.map((one) => one.instance.id);
const found = async (query: ActorQuery): Promise<readonly string[]> => idsOf(await discovery.find(query));
async function picks(
  count: number,
  query: ActorQuery,
  options?: PickOptions,
): Promise<readonly (string | undefined)[]> {
  const picked: (string | undefined)[] = [];
  for (let i = 0; i < count; i++) picked.push((await discovery.pick(query, options))?.instance.id);
  return picked;
}

describe('find', () => {
  beforeEach(() =>
    register(
      instance('a', {
        actors: [{ type: 'ocr', version: '1.4.0', capabilities: ['read'], tags: ['fast'] }],
        labels: { zone: 'west' },
        capabilities: ['gpu'],
      }),
      instance('b', {
        actors: [
          { type: 'ocr', version: '2.0.0', capabilities: ['read', 'table'], tags: ['exact'] },
          { type: 'mailer', version: '1.0.0' },
        ],
        labels: { zone: 'east', disk: 'ssd' },
      }),
      instance('c', {
        actors: [{ type: 'ocr', version: '2.1.0-beta.1', capabilities: ['read'] }],
        labels: { zone: 'west' },
      }),
    ),
  );

  test.each<[ActorQuery, readonly string[]]>([
    [{}, ['a', 'b', 'b', 'c']],
    [{ type: 'ocr' }, ['a', 'b', 'c']],
    [{ type: 'OCR' }, []],
    [{ capability: 'read' }, ['a', 'b', 'c']],
    [{ capability: ['table', 'read'] }, ['b']],
    [{ capability: 'gpu' }, ['a']],
    [{ capability: ['gpu', 'read'] }, ['a']],
    [{ tag: 'fast' }, ['a']],
    [{ tag: ['fast', 'exact'] }, []],
    [{ type: 'ocr', version: '^1.0.0' }, ['a']],
    [{ type: 'ocr', version: '>=1.4' }, ['a', 'b']],
    [{ type: 'ocr', version: '^2.1.0-beta' }, ['c']],
    [{ labels: { zone: 'west' } }, ['a', 'c']],
    [{ labels: { zone: 'east', disk: 'ssd' } }, ['b', 'b']],
    [{ labels: { constructor: 'x' } }, []],
    [{ type: 'ocr', capability: 'read', tag: 'exact', version: '2.x', labels: { zone: 'east' } }, ['b']],
    [{ type: 'mailer', capability: 'read' }, []],
    [
      { type: undefined, tag: undefined, labels: undefined, version: undefined, capability: undefined },
      ['a', 'b', 'b', 'c'],
    ],
  ])('%j', async (query, expected) => {
    expect(await found(query)).toEqual(expected);
  });

  test('tells which hosted actor it is that fits', async () => {
    const [candidate] = await discovery.find({ capability: 'table' });
    expect(candidate?.actor).toMatchObject({ type: 'ocr', version: '2.0.0' });
  });

  test('skips what is draining, unhealthy or stale', async () => {
    await instances.heartbeat('a', { status: 'draining' });
    await instances.heartbeat('c', { status: 'unhealthy' });
    expect(await found({ type: 'ocr' })).toEqual(['b']);
    await clock.advance(600);
    await instances.heartbeat('a', { status: 'ready' });
    await clock.advance(600);
    expect(await found({ type: 'ocr' })).toEqual(['a']);
  });
});

describe('pick', () => {
  const query = { type: 'mailer' };

  test('nobody, when there is nobody', async () => {
    for (const by of ['round-robin', 'least-loaded', 'random'] as const)
      expect(await discovery.pick(query, { by })).toBeUndefined();
    expect(await discovery.pick(query, { key: 'k' })).toBeUndefined();
    expect(await discovery.pick(query, { sticky: 's' })).toBeUndefined();
  });

  test('each in turn, also while some come and go', async () => {
    await register(instance('a'), instance('b'), instance('d'));
    expect(await picks(4, query)).toEqual(['a', 'b', 'd', 'a']);
    await register(instance('c'));
    await instances.deregister('b');
    expect(await picks(4, query)).toEqual(['c', 'd', 'a', 'c']);
    await instances.heartbeat('d', { status: 'draining' });
    expect(await picks(2, query)).toEqual(['a', 'c']);
  });

  test('turns are kept for each query, however it is written', async () => {
    await register(instance('a', { capabilities: ['x', 'y'] }), instance('b', { capabilities: ['x', 'y'] }));
    expect(await picks(1, query)).toEqual(['a']);
    expect(await picks(1, { capability: ['x', 'y'] })).toEqual(['a']);
    expect(await picks(1, { capability: ['y', 'x'] })).toEqual(['b']);
    expect(await picks(1, query)).toEqual(['b']);
  });

  test('the least loaded by share of its slots; among equals at random', async () => {
    await register(
      instance('half', { slots: { used: 1, total: 2 } }),
      instance('third', { slots: { used: 2, total: 6 } }),
      instance('none', { slots: { used: 0, total: 0 } }),
    );
    expect(await picks(2, query, { by: 'least-loaded' })).toEqual(['third', 'third']);
    await instances.heartbeat('third', { slots: { used: 3, total: 6 } });
    // Two are equal, and the injected random number is 0.5.
    expect(await picks(1, query, { by: 'least-loaded' })).toEqual(['third']);
    await instances.deregister('half');
    await instances.deregister('third');
    expect(await picks(1, query, { by: 'least-loaded' })).toEqual(['none']);
  });

  test('at random', async () => {
    await register(instance('a'), instance('b'), instance('c'));
    const numbers = [0, 0.999_999, 0.34];
    await using random = new ServiceDiscovery({ instances, random: () => numbers.shift() ?? 0 });
    const picked: unknown[] = [];
    for (let i = 0; i < 3; i++) picked.push((await random.pick(query, { by: 'random' }))?.instance.id);
    expect(picked).toEqual(['a', 'c', 'b']);
  });

  test('always the same one for a key, in every process', async () => {
    await register(instance('a'), instance('b'), instance('c'));
    await using elsewhere = new ServiceDiscovery({ instances });
    for (const key of ['tenant-1', 'tenant-2', 'tenant-3']) {
      const [first, second] = await picks(2, query, { key });
      expect(second).toBe(first);
      expect((await elsewhere.pick(query, { by: 'consistent-hash', key }))?.instance.id).toBe(first);
    }
  });

  test('sticks to one until it cannot take work, then to another', async () => {
    await register(instance('a'), instance('b'));
    expect(await picks(3, query, { sticky: 'session' })).toEqual(['a', 'a', 'a']);
    expect(await picks(2, query, { sticky: 'other' })).toEqual(['b', 'b']);
    await instances.heartbeat('a', { status: 'draining' });
    expect(await picks(2, query, { sticky: 'session' })).toEqual(['b', 'b']);
    await instances.heartbeat('a', { status: 'ready' });
    expect(await picks(1, query, { sticky: 'session' })).toEqual(['b']);
  });

  test('a new version is another choice: a sticky pick of the old one moves', async () => {
    await register(instance('a'));
    expect(await picks(1, query, { sticky: 's' })).toEqual(['a']);
    await register(instance('a', { actors: [{ type: 'mailer', version: '2.0.0' }] }));
    expect((await discovery.pick(query, { sticky: 's' }))?.actor.version).toBe('2.0.0');
    expect(await picks(1, { ...query, version: '1.x' }, { sticky: 's' })).toEqual([undefined]);
  });
});

describe('preflight', () => {
  test('says what is missing, why, and what is there instead', async () => {
    await register(
      instance('a', {
        actors: [
          { type: 'mailer', version: '1.0.0' },
          { type: 'printer', version: '1.0.0' },
        ],
      }),
      instance('b', { actors: [{ type: 'ocr', version: '1.0.0' }], status: 'draining' }),
      instance('c', { actors: [{ type: 'ocr', version: '1.1.0' }], status: 'unhealthy' }),
    );
    expect(await discovery.preflight(['mailer', { type: 'printer', version: '^1' }])).toEqual({
      ok: true,
      missing: [],
    });
    const report = await discovery.preflight([
      'mailr',
      'mailr',
      'translator',
      'ocr',
      { type: 'ocr', version: '1.0.0' },
      { type: 'mailer', version: '^2', capability: 'html', tag: 'x', labels: { zone: 'west' } },
    ]);
    expect(report.ok).toBe(false);
    expect(report.missing.map(({ type, reason, nearest }) => [type, reason, nearest])).toEqual([
      ['mailr', 'no-instance', ['mailer']],
      ['translator', 'no-instance', []],
      ['ocr', 'not-ready', []],
      ['ocr', 'not-ready', []],
      ['mailer', 'no-match', []],
    ]);
    expect(report.missing.map(({ message }) => message)).toMatchInlineSnapshot(`
      [
        "Actor type "mailr" has no live instance. Did you mean "mailer"?",
        "Actor type "translator" has no live instance. Start a worker that hosts it, or correct the name.",
        "Actor type "ocr" takes no work. Its 2 instances are draining and unhealthy; start another.",
        "Actor type "ocr" takes no work. Its only instance is draining; start another.",
        "Actor type "mailer" is live in 1.0.0, and none of it has version ^2, capability html, tag x, label zone=west.",
      ]
    `);
  });

  test('a pipeline without actors lacks nothing', async () => {
    expect(await discovery.preflight([])).toEqual({ ok: true, missing: [] });
  });
});

describe('among instances that are known', () => {
  const hosting = (id: string, version: string, status: 'ready' | 'draining' = 'ready') =>
    instance(id, { actors: [{ type: 'ocr', version, capabilities: ['read'] }], status });

  test('the newest version is that of an instance that takes work, by precedence', () => {
    const known = [hosting('a', '1.9.0'), hosting('b', '1.10.0'), hosting('c', '2.0.0', 'draining')];
    expect(newestVersion(known, 'ocr')).toBe('1.10.0');
    expect(newestVersion([...known, hosting('d', '1.10.1-rc.1')], 'ocr')).toBe('1.10.1-rc.1');
    expect(newestVersion(known, 'mailer')).toBeUndefined();
  });

  test('a key has the same one everywhere, and keys are spread', () => {
    const found = selectActors(
      ['a', 'b', 'c'].map((id) => hosting(id, '1.0.0')),
      { capability: 'read' },
    );
    const owners = Array.from({ length: 300 }, (_, key) => pickConsistently(found, `${key}`)?.instance.id);
    const again = Array.from({ length: 300 }, (_, key) => pickConsistently([...found].reverse(), `${key}`));
    expect(again.map((owner) => owner?.instance.id)).toEqual(owners);
    for (const id of ['a', 'b', 'c'])
      expect(owners.filter((owner) => owner === id).length).toBeGreaterThan(50);
    expect(pickConsistently([], 'x')).toBeUndefined();
  });

  test('what no type is asked for is told by what else is', () => {
    const [missing] = planPreflight(
      [{ capability: 'fly', labels: { zone: 'west' } }],
      [hosting('a', '1.0.0')],
    ).missing;
    expect(missing).toEqual({
      reason: 'no-match',
      nearest: [],
      message: 'No live instance hosts an actor with capability fly, label zone=west; live are ocr.',
    });
    expect(planPreflight([{ capability: 'read' }], [hosting('a', '1.0.0')]).ok).toBe(true);
    expect(
      planPreflight([{ capability: 'read' }], [hosting('a', '1.0.0', 'draining')]).missing[0]?.message,
    ).toBe('Whatever has capability read takes no work. Its only instance is draining; start another.');
  });

  test('a query that cannot be used is refused', () => {
    expect(() => checkActorQuery({ version: 'newest' })).toThrow(/semantic version range/);
    checkActorQuery({ version: '^1', type: 'a' });
  });
});

describe('watch', () => {
  const query = { type: 'mailer' };

  test('tells a listener now and after each change that matters', async () => {
    const heard: (readonly string[])[] = [];
    const end = await discovery.subscribe(query, (candidates) => heard.push(idsOf(candidates)));
    expect(heard).toEqual([[]]);
    await register(instance('a'));
    await settled();
    await register(instance('other', { actors: [{ type: 'printer', version: '1.0.0' }] }));
    await settled();
    await instances.heartbeat('a', { status: 'draining' });
    await settled();
    await instances.heartbeat('a', { status: 'ready' });
    await settled();
    await clock.advance(1_001);
    expect(heard).toEqual([[], ['a'], [], ['a'], []]);
    end();
    end();
    await register(instance('b'));
    await settled();
    expect(heard).toHaveLength(5);
  });

  test('loses no change that comes while it reads', async () => {
    const heard: (readonly string[])[] = [];
    const starting = discovery.subscribe(query, (candidates) => heard.push(idsOf(candidates)));
    for (const id of ['a', 'b', 'c', 'd']) await register(instance(id));
    await starting;
    await settled();
    expect(heard.at(-1)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('an iteration gets the latest, and ends with its signal', async () => {
    const controller = new AbortController();
    const seen: (readonly string[])[] = [];
    const reason = new Error('enough');
    const reading = (async () => {
      for await (const candidates of discovery.watch(query, { signal: controller.signal })) {
        seen.push(idsOf(candidates));
        // A slow reader: what happens meanwhile is one change.
        if (seen.length === 1) {
          for (const id of ['a', 'b', 'c']) await register(instance(id));
          await settled();
        }
        if (seen.length === 2) controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(seen).toEqual([[], ['a', 'b', 'c']]);
  });

  test('leaving an iteration ends its watch', async () => {
    for await (const _ of discovery.watch()) break;
    await register(instance('a'));
    expect(clock.pendingTimers).toBe(0);
  });

  test('closing ends iterations and listeners, twice too', async () => {
    await register(instance('a'));
    const iteration = discovery.watch(query);
    expect((await iteration.next()).done).toBe(false);
    const next = iteration.next();
    await discovery.close();
    await discovery.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('a signal that is aborted already is refused with its reason', async () => {
    const reason = new Error('before');
    const options = { signal: AbortSignal.abort(reason) };
    await expect(discovery.subscribe(query, () => {}, options)).rejects.toBe(reason);
    await expect(discovery.watch(query, options).next()).rejects.toBe(reason);
  });

  test('a listener that throws is logged and hears of the next change', async () => {
    const lines: string[] = [];
    const log = (message: string): void => void lines.push(message);
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    await using logged = new ServiceDiscovery({ instances, logger });
    let calls = 0;
    await logged.subscribe(query, () => {
      calls += 1;
      throw new Error('failed');
    });
    await register(instance('a'));
    await settled();
    expect(calls).toBe(2);
    expect(lines).toEqual([
      'A listener of service discovery failed',
      'A listener of service discovery failed',
    ]);
  });
});

describe('what is refused', () => {
  test('a query or a choice that cannot be meant', async () => {
    const loose = (query: object) => messageOf(() => discovery.find(query));
    expect(await loose({ capabilty: 'x' })).toMatchInlineSnapshot(
      `"A query for actors has no "capabilty"; did you mean capability?"`,
    );
    expect(await loose({ colour: 'x' })).toMatchInlineSnapshot(
      `"A query for actors has no "colour"; use type, capability, tag, version, labels."`,
    );
    expect(await loose({ version: 'latest' })).toMatchInlineSnapshot(
      `"version is "latest"; give a semantic version range such as ^1.4 or 2.x."`,
    );
    const pick = (options: object) => messageOf(() => discovery.pick({}, options));
    expect(await pick({ by: 'roundrobin2' })).toMatchInlineSnapshot(
      `"by is "roundrobin2"; give one of round-robin, least-loaded, random, consistent-hash. Did you mean "round-robin"?"`,
    );
    expect(await pick({ by: 'consistent-hash' })).toMatchInlineSnapshot(
      `"consistent-hash needs a key to hash; give key, such as a tenant or a document id."`,
    );
    expect(await pick({ by: 'random', key: 'x' })).toMatchInlineSnapshot(
      `"key is for consistent-hash, and by is random. Leave one of them out, or give sticky instead of key."`,
    );
  });

  test('everything after close', async () => {
    await discovery.close();
    for (const work of [
      () => discovery.find(),
      () => discovery.pick({}),
      () => discovery.preflight([]),
      () => discovery.subscribe({}, () => {}),
      () => discovery.watch().next(),
    ]) {
      expect((await failureOf(work)).code).toBe('LOOM_CLOSED');
    }
  });

  test('a registry that cannot be read fails the call, not another', async () => {
    await instances.close();
    expect((await failureOf(() => discovery.subscribe({}, () => {}))).code).toBe('LOOM_CLOSED');
  });
});
