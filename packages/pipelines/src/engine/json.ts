import type { JsonValue } from '@certoai/loom-core';

/**
 * A JSON value kept as text, as a parsed value, or both: each form is made when first asked for.
 * `value` is shared and must not be changed; `copy()` gives one that may be.
 */
export class Json {
  #text: string | undefined;
  #value: JsonValue | undefined;
  readonly #make: (() => string) | undefined;

  private constructor(
    text: string | undefined,
    value: JsonValue | undefined,
    make: (() => string) | undefined,
  ) {
    this.#text = text;
    this.#value = value;
    this.#make = make;
  }

  static readonly null: Json = new Json('null', null, undefined);

  static fromText(text: string): Json {
    return new Json(text, undefined, undefined);
  }

  static fromValue(value: JsonValue): Json {
    return new Json(undefined, value, undefined);
  }

  /** The array of `items`, with `null` where one is missing. Its text is joined on demand. */
  static array(items: readonly (Json | undefined)[]): Json {
    return new Json(undefined, undefined, () => {
      let text = '[';
      for (let index = 0; index < items.length; index += 1) {
        if (index > 0) text += ',';
        text += items[index]?.text ?? 'null';
      }
      return `${text}]`;
    });
  }

  static object(entries: Iterable<readonly [string, Json]>): Json {
    return new Json(undefined, undefined, () => {
      const members = [...entries].map(([key, json]) => `${JSON.stringify(key)}:${json.text}`);
      return `{${members.join(',')}}`;
    });
  }

  get text(): string {
    return (this.#text ??= this.#make === undefined ? JSON.stringify(this.#value) : this.#make());
  }

  get value(): JsonValue {
    return this.#value === undefined ? (this.#value = this.copy()) : this.#value;
  }

  copy(): JsonValue {
    return JSON.parse(this.text) as JsonValue;
  }
}
