import { readdirSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ActorConfigLoader, type ActorConfigLoaderOptions, type ActorMetadata } from '../../src/index.js';
import { failureOf, messageOf } from '../support/failure-of.js';
import { TempFolder } from '../support/temp-folder.js';

const mailer = 'type: mailer\nversion: 1.0.0\n';

/** What `path` loads as, from a folder with these files. */
async function load(
  files: Readonly<Record<string, string>>,
  path = '.',
  options: ActorConfigLoaderOptions = {},
): Promise<readonly ActorMetadata[]> {
  using folder = new TempFolder(files);
  await using loader = new ActorConfigLoader({ cwd: folder.path, env: {}, ...options });
  return await loader.load(path);
}

/** The message that `actors.yaml` with this text leads to, with the temporary folder called `/app`. */
async function complaint(
  text: string,
  env: ActorConfigLoaderOptions['env'] = {},
  name = 'actors.yaml',
): Promise<string> {
  using folder = new TempFolder({ [name]: text });
  const loader = new ActorConfigLoader({ cwd: folder.path, env });
  return (await messageOf(() => loader.load(name))).replaceAll(folder.path, '/app');
}

const names = (actors: readonly ActorMetadata[]): readonly string[] =>
  actors.map(({ type, version }) => `${type}@${version}`);

describe('files and folders', () => {
  test('a file holds one actor, a list, or actors: with a list', async () => {
    expect(names(await load({ 'a.yaml': mailer }, 'a.yaml'))).toEqual(['mailer@1.0.0']);
    expect(
      names(
        await load({ 'a.yml': '- { type: a, version: 1.0.0 }\n- { type: b, version: 1.0.0 }\n' }, 'a.yml'),
      ),
    ).toEqual(['a@1.0.0', 'b@1.0.0']);
    expect(
      names(await load({ 'a.json': '{ "actors": [{ "type": "a", "version": "1.0.0" }] }' }, 'a.json')),
    ).toEqual(['a@1.0.0']);
    expect(names(await load({ 'a.json': '\uFEFF{ "type": "a", "version": "1.0.0" }' }, 'a.json'))).toEqual([
      'a@1.0.0',
    ]);
  });

  test('a folder is read by name and at any depth; what is hidden, installed or of another kind is left out', async () => {
    const files = {
      'b.yaml': mailer,
      'a/deep/x.json': '{ "type": "x", "version": "1.0.0" }',
      'c.yml': 'type: mailer\nversion: 2.0.0\n',
      '.hidden.yaml': 'no',
      '.git/x.yaml': 'no',
      'node_modules/x.yaml': 'no',
      'README.md': 'no',
    };
    expect(names(await load(files))).toEqual(['x@1.0.0', 'mailer@1.0.0', 'mailer@2.0.0']);
    expect(await load({ 'README.md': '' })).toEqual([]);
  });

  test('a link to a file is followed, a link to a folder is not', async () => {
    using folder = new TempFolder({ 'real/a.yaml': mailer, 'actors/.keep': '' });
    symlinkSync('../real/a.yaml', `${folder.path}/actors/a.yaml`);
    symlinkSync('..', `${folder.path}/actors/loop`);
    expect(names(await new ActorConfigLoader({ cwd: folder.path }).load('actors'))).toEqual(['mailer@1.0.0']);
  });

  test('schemas, anchors and comments are as YAML has them', async () => {
    const text = `# What sends mail
type: mailer
version: 1.0.0
input: &text { type: string }
output: *text
lifecycle: { stage: deprecated, replacement: mailer2 }
`;
    const [actor] = await load({ 'a.yaml': text }, 'a.yaml');
    expect(actor).toMatchObject({
      input: { type: 'string' },
      output: { type: 'string' },
      lifecycle: { replacement: 'mailer2' },
    });
  });
});

describe('interpolation', () => {
  test('in every text, with defaults, and as a number only where one is meant', async () => {
    const text = `
type: \${NAME:-mailer}
version: \${VERSION}
description: "at \${HOST:?where mail goes}, not $\${HOST}"
limits: { concurrency: "\${CONCURRENCY:-4}" }
tags: ["\${TAG:-7}"]
examples: [{ input: { limits: { concurrency: "\${CONCURRENCY:-4}" } } }]
`;
    const env = { VERSION: '1.0.0', HOST: 'mx', NAME: '' };
    expect((await load({ 'a.yaml': text }, 'a.yaml', { env }))[0]).toMatchObject({
      type: 'mailer',
      version: '1.0.0',
      description: 'at mx, not ${HOST}',
      limits: { concurrency: 4 },
      tags: ['7'],
      examples: [{ input: { limits: { concurrency: '4' } } }],
    });
  });

  test('a value cannot add structure', async () => {
    const env = { OWNER: 'x\ntags: [injected]' };
    const [actor] = await load({ 'a.yaml': `${mailer}owner: \${OWNER}\n` }, 'a.yaml', { env });
    expect(actor).toMatchObject({ owner: env.OWNER, tags: [] });
  });

  test('messages name variable, file and line, and show no value', async () => {
    expect(await complaint(`${mailer}owner: \${OWNER}\n`)).toMatchInlineSnapshot(
      `"owner (actors.yaml:3) needs the environment variable OWNER, which is not set. Set it, or give a default: \${OWNER:-…}."`,
    );
    expect(await complaint(`${mailer}owner: \${OWNER:?Say who is asked.}\n`)).toMatchInlineSnapshot(
      `"owner (actors.yaml:3) needs the environment variable OWNER, which is not set: Say who is asked."`,
    );
    expect(await complaint(`${mailer}owner: \${OWNER:?}\n`, { OWNER: '' })).toMatchInlineSnapshot(
      `"owner (actors.yaml:3) needs the environment variable OWNER, which is empty: Set it."`,
    );
    expect(await complaint(`${mailer}owner: \${OWNER\n`)).toMatchInlineSnapshot(
      `"owner (actors.yaml:3) has a "\${" that starts none of \${NAME}, \${NAME:-default} and \${NAME:?message}. For a literal "\${" write "$\${"."`,
    );
    expect(await complaint(`${mailer}owner: \${OWNER:-x\n`)).toMatchInlineSnapshot(
      `"owner (actors.yaml:3) has a "\${" without "}". For a literal "\${" write "$\${"."`,
    );
    expect(await complaint(`${mailer}description: reads \${input.path}\n`)).toMatchInlineSnapshot(
      `"description (actors.yaml:3) has a "\${" that starts none of \${NAME}, \${NAME:-default} and \${NAME:?message}. For a literal "\${" write "$\${"."`,
    );
    expect(
      await complaint(`${mailer}limits:\n  concurrency: \${MANY}\n`, { MANY: 'hunter2' }),
    ).toMatchInlineSnapshot(
      `"limits.concurrency (actors.yaml:4) is text with \${MANY}. Give a whole number from 1 to 10000."`,
    );
    expect(await complaint(`${mailer}owner: \${toString}\n`)).toMatchInlineSnapshot(
      `"owner (actors.yaml:3) needs the environment variable toString, which is not set. Set it, or give a default: \${toString:-…}."`,
    );
  });
});

describe('messages', () => {
  test('a wrong field has its line and what was meant', async () => {
    expect(await complaint(`${mailer}limits:\n  timeoutMS: 5\n  concurrency: many\n`)).toMatchInlineSnapshot(`
      "The actor metadata has 2 problems:
      - limits.concurrency (actors.yaml:5) is "many". Give a whole number from 1 to 10000.
      - limits.timeoutMS (actors.yaml:4) is not a field. Did you mean limits.timeoutMs?"
    `);
    expect(await complaint(`- type: a\n  version: 1.0.0\n- type: b\n  version: 1\n`)).toMatchInlineSnapshot(
      `"version (actors.yaml:4) is 1. Give a semantic version such as 1.4.0."`,
    );
    expect(await complaint(`- type: a\n  version: 1.0.0\n- type: b\n`)).toMatchInlineSnapshot(
      `"version (actors.yaml:3) is missing. Give a semantic version such as 1.4.0."`,
    );
    expect(
      await complaint(
        '{\n  "type": "a",\n  "version": "1.0.0",\n  "lifecycle": "depricated"\n}',
        {},
        'a.json',
      ),
    ).toMatchInlineSnapshot(
      `"lifecycle.stage (a.json:4) is "depricated". Give one of experimental, beta, stable, deprecated, retired. Did you mean "deprecated"?"`,
    );
    expect(
      await complaint(`${mailer}input:\n  type: object\n  properties:\n    to: { type: strin }\n`),
    ).toMatchInlineSnapshot(
      `"input.properties.to.type (actors.yaml:6) is "strin". Give one of array, boolean, integer, null, number, object, string. Did you mean "string"?"`,
    );
  });

  test('a file that cannot be parsed, without its text', async () => {
    expect(await complaint('type: [secret\n')).toMatchInlineSnapshot(
      `"actors.yaml:2:1 is not valid YAML: deficient indentation."`,
    );
    expect(await complaint('')).toMatchInlineSnapshot(
      `"actors.yaml is empty. Give the metadata of an actor."`,
    );
    expect(await complaint('# nothing\n')).toMatchInlineSnapshot(
      `"actors.yaml holds no actor. Give its fields, a list of actors, or actors: with a list."`,
    );
    expect(await complaint('just text\n')).toMatchInlineSnapshot(
      `"actors.yaml:1 holds no actor. Give its fields, a list of actors, or actors: with a list."`,
    );
    expect(await complaint(`${mailer}---\n${mailer}`)).toMatchInlineSnapshot(
      `"actors.yaml is not valid YAML: the file holds more than one document."`,
    );
    expect(await complaint(`${mailer}type: other\n`)).toMatchInlineSnapshot(
      `"actors.yaml:3:1 is not valid YAML: duplicated mapping key."`,
    );
    expect(await complaint('{ "type": "a", }', {}, 'a.json')).toMatchInlineSnapshot(
      `"a.json is not valid JSON: comments, single quotes, bare words and trailing commas are for YAML."`,
    );
    expect(await complaint('actors: 5\n')).toMatchInlineSnapshot(
      `"actors (actors.yaml:1) is no list. Give a list of actors."`,
    );
    expect(await complaint('actors: []\nmore: 1\n')).toMatchInlineSnapshot(
      `"more (actors.yaml:2) is not a field. Beside actors, a file holds nothing."`,
    );
  });

  test('the same actor twice names both places', async () => {
    using folder = new TempFolder({ 'a.yaml': mailer, 'b.yaml': `# again\n${mailer}` });
    const loader = new ActorConfigLoader({ cwd: folder.path });
    expect(await messageOf(() => loader.load('.'))).toMatchInlineSnapshot(
      `"type (b.yaml:2) is "mailer" in version 1.0.0, which a.yaml:1 has already. Remove one of them, or give it another version."`,
    );
  });

  test('what is not there, or of no known kind', async () => {
    using folder = new TempFolder({ 'actors.yaml': mailer, 'actors.toml': '' });
    const loader = new ActorConfigLoader({ cwd: folder.path });
    const missing = await failureOf(() => loader.load('actors.yml'));
    expect(missing.code).toBe('LOOM_NOT_FOUND');
    expect(missing.message).toMatchInlineSnapshot(`"actors.yml does not exist. Did you mean actors.yaml?"`);
    expect(await messageOf(() => loader.load('elsewhere/actors'))).toMatchInlineSnapshot(
      `"elsewhere/actors does not exist. Correct the path."`,
    );
    expect(await messageOf(() => loader.load('actors.toml'))).toMatchInlineSnapshot(
      `"actors.toml is of no known kind. Give .yaml, .yml, .json, or a folder."`,
    );
    expect(await messageOf(() => loader.write('actors.toml', []))).toMatchInlineSnapshot(
      `"actors.toml is of no known kind. Give .yaml, .yml, .json."`,
    );
    expect(await messageOf(() => loader.write('nowhere/actors.yaml', []))).toMatchInlineSnapshot(
      `"nowhere/actors.yaml could not be written (ENOENT). Create its folder first."`,
    );
  });

  test('problems of all files are told at once, as text and as data', async () => {
    using folder = new TempFolder({ 'a.yaml': 'type: a\n', 'b.yaml': 'type: [\n' });
    const error = await failureOf(() => new ActorConfigLoader({ cwd: folder.path }).load('.'));
    expect(error.code).toBe('LOOM_INVALID_CONFIG');
    expect(error.message).toMatchInlineSnapshot(`
      "The actor metadata has 2 problems:
      - version (a.yaml:1) is missing. Give a semantic version such as 1.4.0.
      - b.yaml:2:1 is not valid YAML: deficient indentation."
    `);
    expect(error.details.problems).toMatchObject([
      { path: 'version', file: `${folder.path}/a.yaml`, line: 1 },
      { path: '', file: `${folder.path}/b.yaml`, line: 2 },
    ]);
  });

  test('a small file that stands for very many values is refused', async () => {
    const lines = [
      'examples: [{ input: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] }',
      ...Array.from(
        { length: 8 },
        (_, i) => `  , { input: &a${i + 1} [${Array(10).fill(`*a${i}`).join(', ')}] }`,
      ),
      '  ]',
    ];
    expect(await complaint(`${mailer}${lines.join('\n')}\n`)).toMatchInlineSnapshot(
      `"actors.yaml:1 holds more than 100000 values. Use fewer aliases."`,
    );
    expect(await complaint(`${mailer}input: &a { properties: { x: *a } }\n`)).toMatchInlineSnapshot(
      `"input.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x.properties.x (actors.yaml:3) is missing. Give JSON."`,
    );
  });
});

describe('writing', () => {
  test('replaces the file in one step and leaves nothing behind', async () => {
    using folder = new TempFolder({ 'actors.yaml': 'old' });
    await using loader = new ActorConfigLoader({ cwd: folder.path });
    await loader.write('actors.yaml', [{ type: 'mailer', version: '1.0.0', description: 'costs ${5}' }]);
    expect(readdirSync(folder.path)).toEqual(['actors.yaml']);
    expect((await loader.load('actors.yaml'))[0]?.description).toBe('costs ${5}');
  });

  test('writes nothing when an actor cannot be used', async () => {
    using folder = new TempFolder();
    await using loader = new ActorConfigLoader({ cwd: folder.path });
    await failureOf(() => loader.write('actors.yaml', [{ type: 'mailer', version: 'one' }]));
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test('a closed loader refuses', async () => {
  const loader = new ActorConfigLoader();
  await Promise.all([loader.close(), loader.close()]);
  for (const work of [() => loader.load('.'), () => loader.write('a.yaml', []), () => loader.watch('.')]) {
    expect((await failureOf(work)).code).toBe('LOOM_CLOSED');
  }
});

test.each([0, -1, 1.5, 60_001, Number.NaN, Infinity])('refuses a debounceMs of %s', (debounceMs) => {
  expect(() => new ActorConfigLoader({ debounceMs })).toThrow(
    `debounceMs is ${debounceMs}; give a whole number, 1 to 60000.`,
  );
});
