import type { ExecutionEvent } from '@certoai/loom-core';
import type { Attributes } from '@opentelemetry/api';
import type { KeptValues } from '../recording/kept-values.js';
import { UsageCounts } from '../recording/usage-counts.js';

type Event<Type extends ExecutionEvent['type']> = Extract<ExecutionEvent, { readonly type: Type }>;

/** Something that happened inside a span. */
export interface SpanPoint {
  readonly name: string;
  readonly at: number;
  readonly attributes: Attributes;
}

/** Points of one attempt; an SDK keeps 128 by default. */
const maxPoints = 64;

/** What is known of an attempt before its span is made, because that is made when it ends. */
export class AttemptNotes {
  readonly points: SpanPoint[] = [];
  #usage: UsageCounts | undefined;
  /** Decisions that were seen, as `token/number`. */
  readonly #decided = new Set<string>();
  #model: string | undefined;

  addPoint(point: SpanPoint): void {
    if (this.points.length < maxPoints) this.points.push(point);
  }

  addDecision({ at, token, number, decision }: Event<'task:decided'>, kept: KeptValues): void {
    const id = `${token}/${number}`;
    if (this.#decided.has(id)) return;
    this.#decided.add(id);
    const decided = kept.decision(decision, true);
    const { model, inputTokens, outputTokens, cost, currency, confidence, outcome, reasoning } = decided;
    (this.#usage ??= new UsageCounts()).add(decided);
    this.#model ??= model;
    this.addPoint({
      name: 'loom.decision',
      at,
      attributes: {
        'gen_ai.request.model': model,
        ...tokens(inputTokens, outputTokens),
        ...(cost !== undefined && { 'loom.decision.cost': cost, 'loom.decision.currency': currency }),
        ...(confidence !== undefined && { 'loom.decision.confidence': confidence }),
        ...(outcome !== undefined && { 'loom.decision.outcome': outcome }),
        ...(reasoning !== undefined && { 'loom.decision.reasoning': reasoning }),
      },
    });
  }

  /** Names by https://opentelemetry.io/docs/specs/semconv/gen-ai/, where there is one. */
  get attributes(): Attributes {
    const { decisions, inputTokens, outputTokens, cost, models } = this.#usage?.toUsage() ?? {};
    if (decisions === undefined || models === undefined) return {};
    const attributes: Attributes = {
      ...tokens(inputTokens, outputTokens),
      'loom.decisions': decisions,
      'loom.models': models.map(({ model }) => model),
    };
    // Its convention knows one model a span.
    if (models.length === 1) attributes['gen_ai.request.model'] = this.#model;
    for (const [currency, money] of Object.entries(cost ?? {})) attributes[`loom.cost.${currency}`] = money;
    return attributes;
  }
}

function tokens(input: number | undefined, output: number | undefined): Attributes {
  return {
    ...(input !== undefined && { 'gen_ai.usage.input_tokens': input }),
    ...(output !== undefined && { 'gen_ai.usage.output_tokens': output }),
  };
}
