import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ActorConfigLoader, type ActorMetadata, parseActorMetadata } from '../../src/index.js';
import { TempFolder } from '../support/temp-folder.js';

const forbidden = /"(__proto__|constructor|prototype)":/;
const json = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'grapheme' })
  .filter((value) => !forbidden.test(JSON.stringify(value)));
const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.constantFrom('true', '1.0', '2001-01-01', '~', 'a\nb', '${A}', '$${', '# no', '- x', ': ', '\tx', '"'),
  )
  .filter((value) => value.trim() !== '');
const words = fc.uniqueArray(
  text.map((word) => word.trim()),
  { maxLength: 3 },
);
const optional = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });

const actor: fc.Arbitrary<ActorMetadata> = fc
  .record({
    type: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
    version: fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((numbers) => numbers.join('.')),
    description: optional(text),
    owner: optional(text),
    tags: words,
    capabilities: words,
    input: optional(
      fc.oneof(
        fc.boolean(),
        fc.record({ type: fc.constantFrom('object', 'string'), default: json, title: text }),
      ),
    ),
    lifecycle: fc.constantFrom('beta', 'stable', {
      stage: 'deprecated',
      replacement: 'a-type-that-is-longer-than-others',
    }),
    limits: optional(
      fc.record({
        concurrency: optional(fc.integer({ min: 1, max: 10_000 })),
        timeoutMs: optional(fc.integer({ min: 1 })),
      }),
    ),
    cost: optional(
      fc.record({ currency: fc.constant('EUR'), perCall: fc.double({ min: 0, max: 1e9, noNaN: true }) }),
    ),
    examples: fc.array(fc.record({ description: optional(text), input: json, output: json }), {
      maxLength: 2,
    }),
  })
  .map(parseActorMetadata);

test.each(['actors.yaml', 'actors.json'])(
  'what is written to %s is loaded again, whatever it is',
  async (name) => {
    using folder = new TempFolder();
    // Whatever it holds, the environment has no part in it.
    const loader = new ActorConfigLoader({ cwd: folder.path, env: { A: 'from the environment' } });
    const actors = fc.uniqueArray(actor, {
      maxLength: 4,
      selector: ({ type, version }) => `${type}@${version}`,
    });
    await fc.assert(
      fc.asyncProperty(actors, async (given) => {
        await loader.write(name, given);
        const loaded = await loader.load(name);
        expect(loaded).toEqual(given);
        await loader.write(name, loaded);
        expect(await loader.load(name)).toEqual(loaded);
      }),
      { numRuns: 60 },
    );
  },
);
