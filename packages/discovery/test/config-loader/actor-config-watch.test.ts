// Real files and real notifications; only the waiting for quiet is done by hand.
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock } from '@certoai/loom-core/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ActorConfigLoader, type ActorConfigWatch } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { TempFolder } from '../support/temp-folder.js';

const debounceMs = 100;

let clock: ManualClock;
let folder: TempFolder;
let loader: ActorConfigLoader;
let watched: ActorConfigWatch;
let changes: (readonly string[])[];
let errors: unknown[];
let whileReading: (() => void) | undefined;

beforeEach(async () => {
  clock = new ManualClock();
  folder = new TempFolder({ 'actors/mailer.yaml': 'type: mailer\nversion: 1.0.0\n' });
  whileReading = undefined;
  loader = new ActorConfigLoader({
    cwd: folder.path,
    clock,
    debounceMs,
    // It is asked for after the files were read and before what they say is applied.
    get env() {
      whileReading?.();
      return {};
    },
  });
  changes = [];
  errors = [];
  watched = await watch('actors');
});
afterEach(async () => {
  await loader.close();
  expect(clock.pendingTimers).toBe(0);
  folder[Symbol.dispose]();
});

const versions = (): readonly string[] => watched.actors.map(({ type, version }) => `${type}@${version}`);
const messages = (): readonly string[] => errors.map((error) => (error as Error).message);
const at = (name: string): string => join(folder.path, name);

function watch(path: string, signal?: AbortSignal): Promise<ActorConfigWatch> {
  return loader.watch(path, {
    onChange: (actors) => changes.push(actors.map(({ type, version }) => `${type}@${version}`)),
    onError: (error) => errors.push(error),
    signal,
  });
}

/** Until the system has told of what was written. */
const noticed = (): Promise<unknown> =>
  vi.waitFor(() => expect(clock.pendingTimers).toBeGreaterThan(0), { timeout: 5_000, interval: 2 });
/** Lets quiet pass until `done` holds. Reading files takes real time, so the clock is moved again until it does. */
const untilQuiet = (done: () => void): Promise<unknown> =>
  vi.waitFor(
    async () => {
      await clock.advance(debounceMs);
      done();
    },
    { timeout: 5_000, interval: 5 },
  );

describe('changes', () => {
  test('a file that is written, added or removed', async () => {
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 1.1.0\n');
    await untilQuiet(() => expect(versions()).toEqual(['mailer@1.1.0']));
    folder.write('actors/deep/printer.json', '{ "type": "printer", "version": "1.0.0" }');
    await untilQuiet(() => expect(versions()).toEqual(['printer@1.0.0', 'mailer@1.1.0']));
    folder.write('actors/deep/printer.json', '{ "type": "printer", "version": "1.2.0" }');
    await untilQuiet(() => expect(versions()).toEqual(['printer@1.2.0', 'mailer@1.1.0']));
    rmSync(at('actors/mailer.yaml'));
    await untilQuiet(() => expect(versions()).toEqual(['printer@1.2.0']));
    expect(changes.at(-1)).toEqual(['printer@1.2.0']);
    expect(changes).toHaveLength(4);
    expect(errors).toEqual([]);
  });

  test('a file that is replaced by renaming another, again and again', async () => {
    for (const version of ['1.1.0', '1.2.0', '1.3.0']) {
      writeFileSync(at('mailer.new'), `type: mailer\nversion: ${version}\n`);
      renameSync(at('mailer.new'), at('actors/mailer.yaml'));
      await untilQuiet(() => expect(versions()).toEqual([`mailer@${version}`]));
    }
  });

  test('one file, watched by its own path', async () => {
    await watched.close();
    watched = await watch('actors/mailer.yaml');
    await loader.write('actors/mailer.yaml', [{ type: 'mailer', version: '2.0.0' }]);
    await untilQuiet(() => expect(versions()).toEqual(['mailer@2.0.0']));
  });

  test('a folder that is replaced as a whole, and written to afterwards', async () => {
    folder.write('next/other.yaml', 'type: other\nversion: 1.0.0\n');
    renameSync(at('actors'), at('old'));
    renameSync(at('next'), at('actors'));
    await untilQuiet(() => expect(versions()).toEqual(['other@1.0.0']));
    folder.write('actors/other.yaml', 'type: other\nversion: 1.1.0\n');
    await untilQuiet(() => expect(versions()).toEqual(['other@1.1.0']));
  });

  test('noise beside the files holds up nothing', async () => {
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 1.1.0\n');
    for (let i = 0; versions()[0] !== 'mailer@1.1.0'; i++) {
      folder.write('server.log', `line ${i}`);
      folder.write('actors/notes.txt', `line ${i}`);
      // Less than the quiet that is waited for, so there is none in the folders.
      await clock.advance(debounceMs / 2);
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(i).toBeLessThan(1_000);
    }
  });

  test('writing the same again is no change', async () => {
    folder.write('actors/mailer.yaml', '# a comment\ntype: mailer\nversion: 1.0.0\n');
    await noticed();
    folder.write('actors/second.yaml', 'type: second\nversion: 1.0.0\n');
    await untilQuiet(() => expect(versions()).toHaveLength(2));
    expect(changes).toEqual([['mailer@1.0.0', 'second@1.0.0']]);
  });
});

describe('half-written files', () => {
  const whole = '- type: mailer\n  version: 2.0.0\n- type: printer\n  version: 1.0.0\n';

  test('a file that grows is not read until it has been quiet for the whole time', async () => {
    const cut = whole.indexOf('- type: printer');
    // The first part is valid by itself, which is what makes it dangerous.
    writeFileSync(at('actors/mailer.yaml'), whole.slice(0, cut));
    await noticed();
    await clock.advance(debounceMs - 1);
    for (const part of whole.slice(cut).split(/(?<=\n)/)) {
      appendFileSync(at('actors/mailer.yaml'), part);
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(debounceMs - 1);
      expect(versions()).toEqual(['mailer@1.0.0']);
    }
    await untilQuiet(() => expect(versions()).toEqual(['mailer@2.0.0', 'printer@1.0.0']));
    expect(changes).toEqual([['mailer@2.0.0', 'printer@1.0.0']]);
  });

  test.each(['yaml', 'json'])(
    'a %s file cut at any place, and left so, is reported and never applied',
    async (kind) => {
      const text =
        kind === 'json'
          ? '{ "type": "mailer", "version": "2.0.0", "owner": "somebody" }'
          : 'type: mailer\nversion: 2.0.0\nowner: somebody\n';
      await watched.close();
      folder.write(
        `only/mailer.${kind}`,
        kind === 'json' ? '{ "type": "mailer", "version": "1.0.0" }' : 'type: mailer\nversion: 1.0.0\n',
      );
      watched = await watch('only');
      const lineEnds = [...text.matchAll(/\n/g)].map(({ index }) => index + 1);
      for (let length = 0; length < text.length; length += 5) {
        // A cut between two lines of YAML is a file in its own right: waiting for quiet is what covers it.
        if (lineEnds.includes(length)) continue;
        const before = errors.length;
        writeFileSync(at(`only/mailer.${kind}`), text.slice(0, length));
        await untilQuiet(() => expect(errors.length).toBeGreaterThan(before));
        expect(versions()).toEqual(['mailer@1.0.0']);
      }
      expect(changes).toEqual([]);
      writeFileSync(at(`only/mailer.${kind}`), text);
      await untilQuiet(() => expect(versions()).toEqual(['mailer@2.0.0']));
    },
  );

  test('what was seen once is not applied: it must be the same again a whole quiet later', async () => {
    const cut = whole.indexOf('- type: printer');
    writeFileSync(at('actors/mailer.yaml'), whole.slice(0, cut));
    await noticed();
    await clock.advance(debounceMs);
    // The first look is over when the next one is planned.
    await noticed();
    expect(versions()).toEqual(['mailer@1.0.0']);
    appendFileSync(at('actors/mailer.yaml'), whole.slice(cut));
    await untilQuiet(() => expect(versions()).toHaveLength(2));
    expect(changes).toEqual([['mailer@2.0.0', 'printer@1.0.0']]);
  });

  test('what is written to while it is read is not applied', async () => {
    const cut = whole.indexOf('- type: printer');
    whileReading = () => {
      whileReading = undefined;
      appendFileSync(at('actors/mailer.yaml'), whole.slice(cut));
    };
    writeFileSync(at('actors/mailer.yaml'), whole.slice(0, cut));
    await untilQuiet(() => expect(versions()).toHaveLength(2));
    expect(changes).toEqual([['mailer@2.0.0', 'printer@1.0.0']]);
  });
});

describe('failures', () => {
  test('a mistake is reported once, keeps the actors, and is forgotten when it is corrected', async () => {
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 2\n');
    await untilQuiet(() => expect(errors).toHaveLength(1));
    await clock.advance(debounceMs * 10);
    expect(messages()).toMatchInlineSnapshot(`
      [
        "version (actors/mailer.yaml:2) is 2. Give a semantic version such as 1.4.0.",
      ]
    `);
    expect(versions()).toEqual(['mailer@1.0.0']);
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 2.0.0\n');
    await untilQuiet(() => expect(versions()).toEqual(['mailer@2.0.0']));
    expect(errors).toHaveLength(1);
  });

  test('a file without a line break at its end says what to do', async () => {
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 2.0.0');
    await untilQuiet(() => expect(errors).toHaveLength(1));
    expect(messages()).toMatchInlineSnapshot(`
      [
        "actors/mailer.yaml does not end with a line break, so it may be half written. End it with one.",
      ]
    `);
  });

  test('a folder that disappears is reported, and followed when it is back', async () => {
    rmSync(at('actors'), { recursive: true });
    await untilQuiet(() => expect(errors).toHaveLength(1));
    expect(messages()).toMatchInlineSnapshot(`
      [
        "actors does not exist. Correct the path.",
      ]
    `);
    expect(versions()).toEqual(['mailer@1.0.0']);
    mkdirSync(at('actors'));
    folder.write('actors/back.yaml', 'type: back\nversion: 1.0.0\n');
    await untilQuiet(() => expect(versions()).toEqual(['back@1.0.0']));
  });

  test('what cannot be used from the start is thrown', async () => {
    folder.write('broken/a.yaml', 'type: a\n');
    expect((await failureOf(() => loader.watch('broken'))).code).toBe('LOOM_INVALID_CONFIG');
    expect((await failureOf(() => loader.watch('nowhere'))).code).toBe('LOOM_NOT_FOUND');
  });

  test('a listener that throws is logged; without onError, a mistake is', async () => {
    const lines: string[] = [];
    const log = (message: string): void => void lines.push(message);
    const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    await using logged = new ActorConfigLoader({ cwd: folder.path, clock, logger });
    const own = await logged.watch('actors', {
      onChange: () => {
        throw new Error('failed');
      },
    });
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 2.0.0\n');
    await untilQuiet(() => expect(own.actors[0]?.version).toBe('2.0.0'));
    folder.write('actors/mailer.yaml', 'type: mailer\n');
    await untilQuiet(() => expect(lines).toHaveLength(2));
    expect(lines).toEqual([
      'A listener of actor files failed',
      'Actor files cannot be used; the actors stay as they were',
    ]);
  });
});

describe('ending', () => {
  test('nothing is heard after close, by hand, by signal, or of the loader', async () => {
    const controller = new AbortController();
    await watch('actors', controller.signal);
    controller.abort();
    await watched.close();
    await watched.close();
    await watch('actors');
    folder.write('actors/mailer.yaml', 'type: mailer\nversion: 2.0.0\n');
    await noticed();
    await loader.close();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(debounceMs * 3);
    expect(changes).toEqual([]);
  });

  test('closing while it opens ends it', async () => {
    const opening = watch('actors');
    const closing = loader.close();
    expect((await failureOf(() => opening)).code).toBe('LOOM_CLOSED');
    await closing;
  });

  test('a signal that is aborted already is refused with its reason', async () => {
    const reason = new Error('before');
    await expect(watch('actors', AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
