// Types are checked by `tsc`; there is nothing to run.
import type { JsonValue } from '@certoai/loom-core';
import { z } from 'zod';
import { definePipeline, type PipelineInput } from '../../src/definition/define-pipeline.js';
import type {
  BroadcastStage,
  ExecuteStage,
  ForkJoinStage,
  GatherStage,
  MapReduceStage,
  PipelineDefinition,
  ScatterStage,
  StageDefinition,
} from '../../src/definition/pipeline-definition.js';
import type { pipelineFieldsSchema, stageSchemas } from '../../src/definition/schema.js';

/** Lists and objects made readonly, all the way down; JSON as it is. */
type Frozen<Value> = JsonValue extends Value
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
      : Value;

/** What the schema of a mode accepts, said as the types say it: `id` is there and has no other name. */
type Accepted<Mode extends keyof typeof stageSchemas> = Frozen<
  Omit<z.input<(typeof stageSchemas)[Mode]>, 'id' | 'name'> & { id: string }
>;

type Same<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? true
    : 'the schema accepts what the type does not'
  : 'the type accepts what the schema does not';
function same<_Result extends true>(): void {}

// The handwritten types and the zod schema say the same, mode by mode and field by field.
same<Same<ExecuteStage, Accepted<'execute'>>>();
same<Same<ScatterStage, Accepted<'scatter'>>>();
same<Same<GatherStage, Accepted<'gather'>>>();
same<Same<MapReduceStage, Accepted<'map-reduce'>>>();
same<Same<BroadcastStage, Accepted<'broadcast'>>>();
same<Same<ForkJoinStage, Accepted<'fork-join'>>>();
type Fields<Definition> = Omit<Definition, 'stages' | 'input' | '$schema'>;
same<Same<Fields<PipelineDefinition>, Frozen<Fields<z.input<typeof pipelineFieldsSchema>>>>>();
// Optional fields are equal in the check above even where one side lacks them, so names are compared, too.
same<Same<keyof ScatterStage, keyof Accepted<'scatter'>>>();
same<Same<keyof ScatterStage['scatter'], keyof Accepted<'scatter'>['scatter']>>();
same<Same<keyof ExecuteStage, keyof Accepted<'execute'>>>();
same<Same<keyof GatherStage, keyof Accepted<'gather'>>>();
same<Same<keyof NonNullable<GatherStage['gather']>, keyof NonNullable<Accepted<'gather'>['gather']>>>();
same<Same<keyof MapReduceStage['mapReduce'], keyof Accepted<'map-reduce'>['mapReduce']>>();
same<Same<keyof BroadcastStage, keyof Accepted<'broadcast'>>>();
same<Same<keyof ForkJoinStage, keyof Accepted<'fork-join'>>>();
same<Same<keyof NonNullable<ExecuteStage['retry']>, keyof NonNullable<Accepted<'execute'>['retry']>>>();
same<Same<keyof Fields<PipelineDefinition>, keyof Fields<z.input<typeof pipelineFieldsSchema>>>>();

// The seed's own example.
const seed: PipelineDefinition = { stages: [{ id: 'process', actor: 'processor', mode: 'execute' }] };
void seed;

definePipeline({
  stages: [
    {
      id: 'a',
      actor: 'x',
      retry: { maxAttempts: 3, backoff: 'fixed' },
      input: { deep: ['${input.a}', { n: 1 }] },
    },
    {
      id: 'b',
      mode: 'scatter',
      scatter: { over: 'input', scatter: { over: 'item', as: 'inner' } },
      actor: { rules: [{ when: 'item', actor: 'y' }] },
    },
    { id: 'c', mode: 'gather', gather: { from: ['a', 'b'], groupBy: 'kind' } },
    { id: 'd', actor: 'x', timeoutMs: undefined },
  ],
});

// What is misspelt, missing, or of another mode is an error at the field.
definePipeline({
  stages: [
    // @ts-expect-error -- actr
    { id: 'a', actr: 'x' },
    // @ts-expect-error -- timeout
    { id: 'a', actor: 'x', timeout: 5 },
    // @ts-expect-error -- a scatter needs its block
    { id: 'a', mode: 'scatter', actor: 'x' },
    // @ts-expect-error -- maxAttempt
    { id: 'a', actor: 'x', retry: { maxAttempt: 3 } },
    // @ts-expect-error -- an unknown mode
    { id: 'a', mode: 'scater', actor: 'x' },
    // @ts-expect-error -- no id
    { actor: 'x' },
    // @ts-expect-error -- a block of another mode
    { id: 'a', mode: 'gather', scatter: { over: 'input' } },
    // @ts-expect-error -- a later release runs it
    { id: 'a', actor: 'x', compensation: { actor: 'y' } },
  ],
});

// A stage is narrowed by its mode.
export function listOf(stage: StageDefinition): string | undefined {
  return stage.mode === 'scatter' ? stage.scatter.over : undefined;
}

// A zod schema gives the type of the input.
const typed = definePipeline({
  input: z.object({ files: z.array(z.object({ path: z.string() })), lang: z.string().default('en') }),
  stages: [{ id: 'a', actor: 'x' }],
});
same<Same<PipelineInput<typeof typed>, { files: { path: string }[]; lang?: string | undefined }>>();
const plain = definePipeline({
  input: { type: 'object', required: ['files'] },
  stages: [{ id: 'a', actor: 'x' }],
});
same<Same<PipelineInput<typeof plain>, unknown>>();
// A typed pipeline goes wherever a pipeline goes.
const anyPipeline: PipelineDefinition = typed;
void anyPipeline;
