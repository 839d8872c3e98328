// How fast definitions are checked and compiled, and how fast templates are evaluated, beside plain JavaScript.
import { Bench } from 'tinybench';
import { compileTemplate } from '../src/definition/compile-template.js';
import { validateInput } from '../src/definition/input-schema.js';
import { parseDefinition } from '../src/definition/parse-definition.js';
import { compilePlan, compilePlanFromText } from '../src/plan/compile.js';

const modes = new Set<string>();

function definition(stages: number): object {
  return {
    name: 'bench',
    stages: Array.from({ length: stages }, (_, index) => ({
      id: `s${index}`,
      mode: 'scatter',
      scatter: {
        over: index === 0 ? 'input.files' : `stages.s${index - 1}.output`,
        as: 'file',
        where: 'file.size > `0`',
      },
      actor: { rules: [{ when: "file.kind == 'scan'", actor: 'ocr' }], default: 'text' },
      input: { path: '${file.path}', label: 'file ${index} of ${input.name}' },
      retry: { maxAttempts: 3 },
    })),
  };
}

/** Median of `runs` runs in milliseconds, after as many to warm up. */
async function milliseconds(runs: number, work: () => unknown): Promise<string> {
  const times: number[] = [];
  for (let run = 0; run < runs * 2; run += 1) {
    const start = performance.now();
    await work();
    if (run >= runs) times.push(performance.now() - start);
  }
  return (times.sort((a, b) => a - b)[runs >> 1] ?? Number.NaN).toFixed(2);
}

const start = performance.now();
await parseDefinition(definition(5), { modes });
console.log(`first definition, zod loaded with it: ${(performance.now() - start).toFixed(0)} ms`);
for (const stages of [5, 500]) {
  const raw = definition(stages);
  const parsed = await parseDefinition(raw, { modes });
  const { text } = compilePlan(parsed);
  const parse = await milliseconds(20, () => parseDefinition(raw, { modes }));
  const compile = await milliseconds(20, () => compilePlan(parsed));
  const again = await milliseconds(20, () => compilePlanFromText(text, modes));
  console.log(
    `${stages} stages: check ${parse} ms, compile ${compile} ms, compile from pinned text ${again} ms`,
  );
}

const scope = {
  input: {
    name: 'Ada',
    customer: { address: { city: 'Paris' } },
    files: Array.from({ length: 100 }, (_, i) => ({ size: i, name: `f${i}` })),
  },
  file: { path: '/a/b', size: 5 },
  index: 7,
};
type Scope = typeof scope;
const constant = compileTemplate({ a: 1, b: ['x', { c: true }] });
const path = compileTemplate('${input.customer.address.city}');
const object = compileTemplate({
  path: '${file.path}',
  label: 'file ${index} of ${input.name}',
  fixed: { n: 1 },
});
const filter = compileTemplate('${input.files[?size > `50`].name}');
const plainPath = ({ input }: Scope): unknown => input?.customer?.address?.city ?? null;
const plainObject = ({ file, index, input }: Scope): unknown => ({
  path: file.path,
  label: `file ${index} of ${input.name}`,
  fixed: { n: 1 },
});
const plainFilter = ({ input }: Scope): unknown =>
  input.files.filter(({ size }) => size > 50).map(({ name }) => name);

const schema = {
  type: 'object',
  required: ['files'],
  properties: {
    files: {
      type: 'array',
      items: {
        type: 'object',
        required: ['size', 'name'],
        properties: { size: { type: 'integer', minimum: 0 }, name: { type: 'string' } },
      },
    },
  },
};

const bench = new Bench({ time: 300 });
bench
  .add('constant template', () => constant.evaluate(scope))
  .add('path', () => path.evaluate(scope))
  .add('path, plain JavaScript', () => plainPath(scope))
  .add('object of three fields', () => object.evaluate(scope))
  .add('object of three fields, plain JavaScript', () => plainObject(scope))
  .add('filter over 100 items', () => filter.evaluate(scope))
  .add('filter over 100 items, plain JavaScript', () => plainFilter(scope))
  .add('input check of 100 items', () => validateInput(schema, scope.input));
await bench.run();
for (const task of bench.tasks) {
  const { result } = task;
  const rate = result.state === 'completed' ? result.throughput.mean : Number.NaN;
  console.log(`${task.name}: ${Math.round(rate).toLocaleString('en-GB')}/s`);
}
