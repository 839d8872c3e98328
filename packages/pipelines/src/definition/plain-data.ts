import type { JsonValue } from '@certoai/loom-core';
import { pathText, valueText, type DefinitionIssue, type PathSegment } from './definition-issue.js';
import { limits } from './limits.js';

/**
 * A copy of `value` that is JSON and shares nothing with it, or what keeps it from being JSON. A field
 * that is `undefined` counts as absent. Reads each value once, so that a getter cannot show two faces.
 */
export function copyPlainData(value: unknown): {
  readonly data: JsonValue;
  readonly issues: readonly DefinitionIssue[];
} {
  const copier = new PlainDataCopier();
  const data = copier.copy(value);
  return { data: data ?? null, issues: copier.issues };
}

const jsonText = 'plain JSON';

class PlainDataCopier {
  readonly issues: DefinitionIssue[] = [];
  readonly #path: PathSegment[] = [];
  readonly #open = new Set<object>();
  #values = 0;

  copy(value: unknown): JsonValue | undefined {
    this.#values += 1;
    if (this.#values > limits.values) {
      if (this.#values === limits.values + 1) this.#refuse(`makes more than ${limits.values} values.`);
      return undefined;
    }
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (Number.isFinite(value)) return value;
        return this.#refuse(`is ${value}; expected a finite number.`, String(value));
      case 'undefined':
        return undefined;
      case 'object':
        return value === null ? null : this.#copyObject(value);
      default:
        return this.#refuse(`is ${valueText(value)}; expected ${jsonText}.`, valueText(value));
    }
  }

  #copyObject(object: object): JsonValue | undefined {
    if (this.#open.has(object)) return this.#refuse('contains itself; a definition has no cycles.');
    if (this.#path.length > limits.depth)
      return this.#refuse(`is nested more than ${limits.depth} levels deep.`);
    this.#open.add(object);
    const depth = this.#path.length;
    try {
      if (Array.isArray(object)) return this.#copyList(object);
      const other = foreignClass(object);
      if (other !== undefined) return this.#refuse(`is ${other}; expected ${jsonText}.`, other);
      return this.#copyFields(object);
    } catch (error) {
      // A getter or a proxy of the caller's that throws.
      const reason = error instanceof Error ? error.message : String(error);
      return this.#refuse(`cannot be read: ${reason}.`);
    } finally {
      this.#path.length = depth;
      this.#open.delete(object);
    }
  }

  #copyList(list: readonly unknown[]): JsonValue {
    const copy: JsonValue[] = [];
    for (let index = 0; index < list.length && this.#values <= limits.values; index += 1) {
      this.#path.push(index);
      const item = list[index];
      if (item === undefined) this.#refuse('is undefined; expected a value.', 'undefined');
      else copy.push(this.copy(item) ?? null);
      this.#path.pop();
    }
    return copy;
  }

  #copyFields(object: object): JsonValue {
    const copy: Record<string, JsonValue> = {};
    for (const key of Object.keys(object)) {
      this.#path.push(key);
      const value = this.copy((object as Readonly<Record<string, unknown>>)[key]);
      if (key === '__proto__') this.#refuse('is a field of that name, which is not allowed.');
      else if (value !== undefined) copy[key] = value;
      this.#path.pop();
    }
    if (Object.getOwnPropertySymbols(object).length > 0)
      this.#refuse('has a symbol as a key; expected plain JSON.');
    return copy;
  }

  #refuse(what: string, value?: string): undefined {
    const path = pathText(this.#path);
    const message = `${path === '' ? 'The definition' : path} ${what}`;
    this.issues.push({ path, message, ...(value === undefined ? {} : { value, expected: jsonText }) });
  }
}

/** What `object` is when it is not a plain object of this or another realm. */
function foreignClass(object: object): string | undefined {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null || prototype === Object.prototype) return undefined;
  if (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'))
    return undefined;
  const { constructor } = object;
  const name = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'unknown';
  return `an object of class ${name}`;
}
