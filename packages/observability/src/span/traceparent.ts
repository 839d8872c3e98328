import { attemptSeed, rootSeed, spanIdOf, stageSeed, traceIdOf, type SpanSeed } from './trace-ids.js';

/** Names a span: an execution, one of its stages, or one attempt of a task. */
export type SpanAddress = {
  readonly executionId: string;
  /** The W3C `traceparent` the execution was started under, as its headers have it. One that is not valid counts as none. */
  readonly startedUnder?: string | undefined;
} & (
  | { readonly stage?: undefined }
  | { readonly stage: string; readonly index?: undefined; readonly attempt?: undefined }
  /** `index` from 0, `attempt` from 1. */
  | { readonly stage: string; readonly index: number; readonly attempt: number }
);

/** What a W3C `traceparent` says. */
export interface TraceParent {
  /** 32 hex digits, not all 0. */
  readonly traceId: string;
  /** 16 hex digits, not all 0. */
  readonly spanId: string;
  /** Whether its sender records the trace. */
  readonly sampled: boolean;
}

/** Of version 0, or what a later version is bound to begin with. https://www.w3.org/TR/trace-context/#versioning-of-traceparent */
const shape = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** @returns undefined for what is no valid `traceparent`: the standard asks to go on as if there were none */
export function parseTraceparent(header: unknown): TraceParent | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId, spanId, flags, more] = shape.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId, sampled: (parseInt(flags, 16) & 1) === 1 };
}

/**
 * `00-<trace id>-<span id>-<flags>`: version 0, and whether it is recorded, which who started the execution
 * decides. https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceparentOf(address: SpanAddress): string {
  const { start, seed, flags } = sharedContext(address);
  const own =
    address.stage === undefined || address.index === undefined
      ? seed
      : attemptSeed(seed, address.index, address.attempt);
  return start + spanIdOf(own) + flags;
}

/** What the attempts of one stage share. */
interface SharedContext {
  readonly executionId: string;
  readonly startedUnder: string | undefined;
  readonly stage: string | undefined;
  readonly start: string;
  readonly seed: SpanSeed;
  readonly flags: string;
}

/** The tasks of a wide stage are handed out one after another. */
let latest: SharedContext | undefined;

function sharedContext({ executionId, startedUnder, stage }: SpanAddress): SharedContext {
  if (latest?.executionId === executionId && latest.stage === stage && latest.startedUnder === startedUnder)
    return latest;
  const parent = parseTraceparent(startedUnder);
  const own = traceIdOf(executionId);
  const root = rootSeed(own);
  return (latest = {
    executionId,
    startedUnder,
    stage,
    start: `00-${parent?.traceId ?? own}-`,
    seed: stage === undefined ? root : stageSeed(root, stage),
    flags: parent?.sampled === false ? '-00' : '-01',
  });
}

/** Ids of a span. Those of spans follow from the execution and not from its trace: one trace may have many executions. */
export function spanContextOf(
  address: SpanAddress,
  parent: TraceParent | undefined,
): Pick<TraceParent, 'traceId' | 'spanId'> {
  const own = traceIdOf(address.executionId);
  return { traceId: parent?.traceId ?? own, spanId: spanIdOf(seedOf(own, address)) };
}

function seedOf(traceId: string, address: SpanAddress): ReturnType<typeof rootSeed> {
  const root = rootSeed(traceId);
  if (address.stage === undefined) return root;
  const stage = stageSeed(root, address.stage);
  return address.index === undefined ? stage : attemptSeed(stage, address.index, address.attempt);
}
