import fc from 'fast-check';

type Json = Record<string, unknown>;

const id = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019_-'), minLength: 1, maxLength: 8 })
  .filter((text) => !(text in Object.prototype));

const actorName = fc.constantFrom('mail', 'ocr', 'item', 'stages', 'a b', 'größe');

/** Fields with these keys, each there or not. */
function optional(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Json> {
  return fc.record(fields, { requiredKeys: [] });
}

/** `stages.<id>.…` as it is written: quoted where the id is no bare name. */
function stagePath(stage: string): string {
  return `stages.${/^[A-Za-z_]\w*$/.test(stage) ? stage : JSON.stringify(stage)}`;
}

function expression(upstream: readonly string[], roots: readonly string[]): fc.Arbitrary<string> {
  const paths = [
    ...['input', 'input.a.b[0]', 'execution.id', 'config.a', ...roots],
    ...upstream.flatMap((stage) => [`${stagePath(stage)}.output`, `${stagePath(stage)}.status`]),
  ];
  return fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom(...paths),
      fc.constantFrom('`5`', "'}'", '`{"a": "{"}`', '"input"'),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(${a} || ${b})`),
      fc.tuple(tie('node'), tie('node')).map(([a, b]) => `${a} == ${b}`),
      tie('node').map((a) => `{x: ${a}, "y-z": [${a}]}`),
      tie('node').map((a) => `not_null(${a})`),
      tie('node').map((a) => `((${a})[?a > \`1\`].b | [0])`),
      tie('node').map((a) => `let $v = ${a} in [$v, $.input]`),
      tie('node').map((a) => `to_array(${a})[].name`),
    ),
  })).node;
}

function template(upstream: readonly string[], roots: readonly string[] = []): fc.Arbitrary<unknown> {
  const source = expression(upstream, roots);
  return fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 2 },
      source.map((text) => `\${${text}}`),
      fc.tuple(source, source).map(([a, b]) => `x \${${a}} and $\${literal} \${ ${b} }`),
      fc.constantFrom(1, true, null, 'plain', '', 'price: 5$'),
      fc.array(tie('node'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b c', 'constructor'), tie('node'), { maxKeys: 2 }),
    ),
  })).node;
}

function actor(upstream: readonly string[], roots: readonly string[] = []): fc.Arbitrary<unknown> {
  const source = expression(upstream, roots);
  const rule = fc.record({ when: source, actor: actorName });
  return fc.oneof(
    actorName,
    source.map((text) => `\${${text}}`),
    source.map((text) => `ocr-\${${text}}`),
    fc.record(
      { rules: fc.array(rule, { minLength: 1, maxLength: 2 }), default: actorName },
      { requiredKeys: ['rules'] },
    ),
  );
}

const retry = optional({
  maxAttempts: fc.integer({ min: 1, max: 1_000 }),
  backoff: fc.constantFrom('fixed', 'linear', 'exponential'),
  initialDelayMs: fc.integer({ min: 0, max: 1_000 }),
  maxDelayMs: fc.integer({ min: 1_000, max: 604_800_000 }),
  jitter: fc.boolean(),
  nonRetryable: fc.array(fc.constantFrom('TypeError', 'E_FATAL'), { maxLength: 2 }),
});

function levels(upstream: readonly string[]): fc.Arbitrary<{ block: Json; roots: string[] }> {
  return fc.integer({ min: 1, max: 3 }).chain((depth) => {
    const names = ['file', 'page', 'line'].slice(0, depth);
    const parts = names.map((as, level) => {
      const outer = level === 0 ? [] : [...names.slice(0, level), 'item', 'index'];
      return fc.record(
        {
          over: expression(upstream, outer),
          as: fc.constant(as),
          where: expression(upstream, [...outer, as, 'item', 'index']),
        },
        { requiredKeys: ['over', 'as'] },
      );
    });
    return fc.tuple(...parts).map((blocks) => {
      const block = blocks
        .toReversed()
        .reduce<Json | undefined>(
          (inner, level) => ({ ...level, ...(inner ? { scatter: inner } : {}) }),
          undefined,
        );
      return { block: block ?? {}, roots: [...names, 'item', 'index'] };
    });
  });
}

const fanOut = fc.oneof(
  fc.constant({}),
  fc.constant({ onTaskFailure: 'fail' }),
  fc.record({
    onTaskFailure: fc.constant('continue'),
    minSuccess: fc.nat(5),
    concurrency: fc.integer({ min: 1, max: 50 }),
  }),
);

/** The part of a stage that its mode decides. */
function modePart(upstream: readonly string[]): fc.Arbitrary<Json> {
  const groupBy = fc.constantFrom('kind', 'item.kind', 'input.map', '@', 'length(tags)', "kind || 'none'");
  const execute = fc.record(
    { actor: actor(upstream), input: template(upstream), mode: fc.constantFrom('execute', 'single') },
    { requiredKeys: ['actor'] },
  );
  const scatter = fc
    .tuple(levels(upstream), fanOut)
    .chain(([{ block, roots }, options]) =>
      fc
        .record(
          { actor: actor(upstream, roots), input: template(upstream, roots) },
          { requiredKeys: ['actor'] },
        )
        .map((rest): Json => ({ mode: 'scatter', scatter: { ...block, ...options }, ...rest })),
    );
  const mapReduce = fc.tuple(fanOut, expression(upstream, [])).chain(([options, over]) =>
    fc
      .record(
        {
          map: actor(upstream, ['order', 'item', 'index']),
          reduce: actor(upstream, ['group']),
          groupBy,
          reduceInput: template(upstream, ['group']),
        },
        { requiredKeys: ['map', 'reduce'] },
      )
      .map((rest): Json => ({ mode: 'map-reduce', mapReduce: { over, as: 'order', ...options, ...rest } })),
  );
  const broadcast = fc
    .record(
      { actors: fc.array(actor(upstream), { minLength: 1, maxLength: 3 }), input: template(upstream) },
      { requiredKeys: ['actors'] },
    )
    .map((rest): Json => ({ mode: 'broadcast', ...rest }));
  const branch = fc.record(
    { actor: actor(upstream), input: template(upstream), when: expression(upstream, []) },
    { requiredKeys: ['actor'] },
  );
  const forkJoin = fc
    .dictionary(id, branch, { minKeys: 1, maxKeys: 3 })
    .map((branches): Json => ({ mode: 'fork-join', branches }));
  const custom = fc.record(
    { mode: fc.constant('poll'), with: template(upstream) },
    { requiredKeys: ['mode'] },
  );
  const modes: fc.Arbitrary<Json>[] = [execute, scatter, mapReduce, broadcast, forkJoin, custom];
  if (upstream.length > 0) {
    const from = fc.oneof(
      fc.constantFrom(...upstream),
      fc.uniqueArray(fc.constantFrom(...upstream), { minLength: 1, maxLength: 3 }),
    );
    const gather = fc.record(
      {
        mode: fc.constant('gather'),
        gather: fc.record(
          { from, groupBy, combine: fc.constantFrom('concat', 'object') },
          { requiredKeys: ['from'] },
        ),
      },
      { requiredKeys: ['mode', 'gather'] },
    );
    modes.push(
      gather,
      gather.chain((part) => actor([], ['group']).map((chosen): Json => ({ ...part, actor: chosen }))),
    );
  }
  return fc.oneof(...modes);
}

/** A definition that is valid: every stage may read every one before it, because it waits for some of them by a chain. */
export const arbitraryDefinition: fc.Arbitrary<Json> = fc
  .uniqueArray(id, { minLength: 1, maxLength: 6 })
  .chain((ids) => {
    const stages = ids.map((stage, index) => {
      // A stage without dependsOn follows the one before it, so all before it lie upstream.
      const upstream = ids.slice(0, index);
      const common = optional({
        description: fc.constantFrom('What it is for.'),
        when: expression(upstream, []),
        retry,
        timeoutMs: fc.integer({ min: 1, max: 31_536_000_000 }),
        stageTimeoutMs: fc.integer({ min: 1, max: 31_536_000_000 }),
        priority: fc.integer({ min: 0, max: 100 }),
        output: template(upstream, ['output']),
        onFailure: fc.constantFrom('fail', 'continue'),
        ...(index === 0 ? {} : { dependsOn: fc.oneof(fc.constant(upstream.at(-1)), fc.constant(upstream)) }),
      });
      return fc
        .tuple(modePart(upstream), common, fc.constantFrom('id', 'name'))
        .map(([part, rest, alias]): Json => {
          const waits = part['mode'] === 'gather' ? { dependsOn: upstream } : {};
          return { [alias]: stage, ...part, ...rest, ...waits };
        });
    });
    return fc
      .tuple(
        fc.tuple(...stages),
        optional({
          name: fc.constantFrom('p', 'größe 1'),
          version: fc.constantFrom('1.0', '2'),
          timeoutMs: fc.integer({ min: 1, max: 1_000_000 }),
          strictInputs: fc.boolean(),
          input: fc.constantFrom(
            { type: 'object', required: ['a'] },
            { properties: { a: { type: ['string', 'null'] } } },
          ),
          output: template(ids),
          'x-note': fc.constant({ anything: [1] }),
        }),
      )
      .map(([list, rest]): Json => ({ ...rest, stages: list }));
  });
