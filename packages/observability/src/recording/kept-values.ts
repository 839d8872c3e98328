import type { ErrorRecord } from '@certoai/loom-core';
import { invalidOption } from '../internal/invalid-option.js';
import type { SpanAttributes } from '../span/execution-span.js';

/** What can be masked. A masked message takes the stack with it, because a stack begins with the message. */
export type MaskedField = 'error.message' | 'error.stack' | 'tags' | 'attributes.*' | `attributes.${string}`;

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
} as const;

const attributePrefix = 'attributes.';

/** Decides what of an event's own values goes into a trace: cut to size, and without what is masked. */
export class KeptValues {
  readonly #message: boolean;
  readonly #stack: boolean;
  readonly #tags: boolean;
  readonly #allAttributes: boolean;
  readonly #attributes: ReadonlySet<string>;

  /** @throws LoomError `LOOM_INVALID_OPTION` for a field that cannot be masked */
  constructor(mask: readonly MaskedField[] = []) {
    if (!Array.isArray(mask)) throw invalidOption('mask', mask, 'a list of fields');
    const fields: readonly unknown[] = mask;
    for (const field of fields) checkField(field);
    this.#message = mask.includes('error.message');
    this.#stack = this.#message || mask.includes('error.stack');
    this.#tags = mask.includes('tags');
    this.#allAttributes = mask.includes('attributes.*');
    const keys = mask.filter((field) => field.startsWith(attributePrefix));
    this.#attributes = new Set(keys.map((field) => field.slice(attributePrefix.length)));
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
    return kept.map((tag) => (this.#tags ? masked : cut(tag, most.value)));
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
    if (this.#allAttributes || this.#attributes.has(key)) return masked;
    return typeof value === 'string' ? cut(value, most.value) : value;
  }

  #error({ name, message, code, stack, retryable, cause }: ErrorRecord, causesLeft: number): ErrorRecord {
    return {
      name: cut(String(name), most.name),
      message: this.#message ? masked : cut(String(message), most.message),
      ...(code !== undefined && { code: cut(String(code), most.name) }),
      // The causes' stacks repeat most of this one.
      ...(stack !== undefined && causesLeft === most.causes && { stack: this.#keptStack(String(stack)) }),
      ...(retryable === false && { retryable }),
      ...(cause !== undefined && causesLeft > 0 && { cause: this.#error(cause, causesLeft - 1) }),
    };
  }

  #keptStack(stack: string): string {
    return this.#stack ? masked : cut(stack, most.stack);
  }
}

function checkField(field: unknown): void {
  const known = field === 'error.message' || field === 'error.stack' || field === 'tags';
  if (known || (typeof field === 'string' && field.startsWith(attributePrefix) && field !== attributePrefix))
    return;
  throw invalidOption(
    'a field of mask',
    field,
    'error.message, error.stack, tags, attributes.* or attributes.KEY',
  );
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

/** Copied, because a slice would keep the whole text in memory. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : `${Buffer.from(text.slice(0, length - 1)).toString()}…`;
}
