import type { ErrorRecord, ModelDecision } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import type { Draft } from '../internal/draft.js';
import type { ApprovalDecision, SpanAttributes } from '../span/execution-span.js';
import { isMoney, roundMoney } from './usage-counts.js';

/** Fields that are masked by their own name. */
const maskedFields = [
  'error.message',
  'error.stack',
  'tags',
  'decision.outcome',
  'decision.reasoning',
  'approval.what',
  'approval.by',
  'approval.note',
  'attributes.*',
] as const;

/**
 * What can be masked. A masked message takes the stack with it, because a stack begins with the message; `approval.by`
 * masks all names of people.
 */
export type MaskedField = (typeof maskedFields)[number] | `attributes.${string}`;

/** Stands in a trace for a value that was masked. */
export const masked = '[masked]';

/** Characters kept of a text, and how many of each: a trace holds facts about a run, not its data. */
const most = {
  message: 500,
  stack: 1_000,
  name: 128,
  causes: 3,
  tags: 64,
  attributes: 32,
  value: 256,
  reasoning: 500,
} as const;

const attributePrefix = 'attributes.';

/** Decides what of an event's own values goes into a trace: cut to size, and without what is masked. */
export class KeptValues {
  readonly #masked: ReadonlySet<string>;

  /** @throws LoomError `LOOM_INVALID_OPTION` for a field that cannot be masked */
  constructor(mask: readonly MaskedField[] = []) {
    if (!Array.isArray(mask)) throw invalidOption('mask', mask, 'a list of fields');
    const fields: readonly unknown[] = mask;
    for (const field of fields) checkField(field);
    this.#masked = new Set(mask);
  }

  error(error: ErrorRecord): ErrorRecord {
    return this.#error(error, most.causes);
  }

  /** A name is no data, so it is never masked. */
  name(name: string): string {
    return cut(name, most.name);
  }

  tags(tags: unknown): readonly string[] {
    if (!Array.isArray(tags)) return [];
    const kept = tags.filter((tag): tag is string => typeof tag === 'string').slice(0, most.tags);
    return kept.map((tag) => this.#text('tags', tag, most.value));
  }

  /**
   * Numbers that are none, and money without a currency, are left out.
   * @param isWhole - with what is no number, too
   */
  decision(decision: ModelDecision, isWhole: boolean): ModelDecision {
    const { model, inputTokens, outputTokens, cost, confidence, outcome, reasoning } = decision;
    const isNamed = typeof model === 'string' && model !== '';
    const kept: Draft<ModelDecision> = { model: isNamed ? this.name(model) : 'unknown' };
    if (isTokens(inputTokens)) kept.inputTokens = inputTokens;
    if (isTokens(outputTokens)) kept.outputTokens = outputTokens;
    const currency = currencyOf(decision.currency);
    if (isMoney(cost) && currency !== undefined) {
      kept.cost = roundMoney(cost);
      kept.currency = currency;
    }
    if (!isWhole) return kept;
    if (Number.isFinite(confidence) && (confidence as number) >= 0 && (confidence as number) <= 1)
      kept.confidence = confidence;
    if (typeof outcome === 'string') kept.outcome = this.#text('decision.outcome', outcome, most.name);
    if (typeof reasoning === 'string')
      kept.reasoning = this.#text('decision.reasoning', reasoning, most.reasoning);
    return kept;
  }

  /** What an approval is of. */
  approvalOf(what: unknown): string | undefined {
    return typeof what === 'string' ? this.#text('approval.what', what, most.value) : undefined;
  }

  person(by: unknown): string | undefined {
    return typeof by === 'string' ? this.#text('approval.by', by, most.name) : undefined;
  }

  approvalDecision({ at, outcome, by, note, edited }: ApprovalDecision): ApprovalDecision {
    const kept: Draft<ApprovalDecision> = { at, outcome };
    kept.by = this.person(by);
    if (typeof note === 'string') kept.note = this.#text('approval.note', note, most.message);
    if (typeof edited === 'boolean') kept.edited = edited;
    return kept;
  }

  attributes(attributes: unknown): SpanAttributes | undefined {
    if (typeof attributes !== 'object' || attributes === null) return undefined;
    const kept = Object.entries(attributes).filter(([, value]) => isPlain(value));
    if (kept.length === 0) return undefined;
    return Object.fromEntries(
      kept.slice(0, most.attributes).map(([key, value]) => [cut(key, most.name), this.#value(key, value)]),
    );
  }

  #value(key: string, value: string | number | boolean): string | number | boolean {
    if (this.#masked.has('attributes.*') || this.#masked.has(attributePrefix + key)) return masked;
    return typeof value === 'string' ? cut(value, most.value) : value;
  }

  #error({ name, message, code, stack, retryable, cause }: ErrorRecord, causesLeft: number): ErrorRecord {
    return {
      name: cut(String(name), most.name),
      message: this.#text('error.message', String(message), most.message),
      ...(code !== undefined && { code: cut(String(code), most.name) }),
      // The causes' stacks repeat most of this one.
      ...(stack !== undefined && causesLeft === most.causes && { stack: this.#keptStack(String(stack)) }),
      ...(retryable === false && { retryable }),
      ...(cause !== undefined && causesLeft > 0 && { cause: this.#error(cause, causesLeft - 1) }),
    };
  }

  #keptStack(stack: string): string {
    return this.#masked.has('error.message') ? masked : this.#text('error.stack', stack, most.stack);
  }

  #text(field: MaskedField, text: string, length: number): string {
    return this.#masked.has(field) ? masked : cut(text, length);
  }
}

function checkField(field: unknown): void {
  const known: readonly unknown[] = maskedFields;
  if (known.includes(field)) return;
  if (typeof field === 'string' && field.startsWith(attributePrefix) && field !== attributePrefix) return;
  throw invalidOption('a field of mask', field, `one of ${maskedFields.join(', ')} or attributes.KEY`);
}

function isTokens(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** @returns undefined for what is no ISO 4217 code */
function currencyOf(currency: unknown = 'USD'): string | undefined {
  return typeof currency === 'string' && /^[a-z]{3}$/i.test(currency) ? currency.toUpperCase() : undefined;
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** Copied, because a slice would keep the whole text in memory. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : `${Buffer.from(text.slice(0, length - 1)).toString()}…`;
}
