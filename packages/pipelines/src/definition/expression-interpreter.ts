import {
  TYPE_ARRAY,
  TYPE_ARRAY_NUMBER,
  TYPE_ARRAY_STRING,
  TYPE_EXPREF,
  TYPE_OBJECT,
  TYPE_STRING,
  TreeInterpreter,
  compile,
  type InputSignature,
  type JSONValue,
} from '@jmespath-community/jmespath';

/** A parsed JMESPath expression. */
export type ExpressionNode = ReturnType<typeof compile>;

/** An expression handed to a function (`&name` in `sort_by(items, &name)`), as the library passes it. */
type Visited = ReturnType<typeof TreeInterpreter.visit>;
type RuntimeFunction = (args: (JSONValue | ExpressionNode)[]) => JSONValue;
type KeyValue = string | number;

/** Parts of an expression that are handed to functions; data that merely looks like one is not among them. */
const references = new WeakSet<object>();

// The library exports one instance and not its class. Ours is a second instance with its own function
// table, so that functions registered on the shared one elsewhere in the process do not reach pipelines.
const BaseInterpreter = TreeInterpreter.constructor as new () => typeof TreeInterpreter;

/**
 * JMESPath as the library runs it, with what pipelines must not inherit put right (1.3.0; each line
 * has a test): only own properties of data are read; data shaped like a parsed expression is data; a
 * `let` is visible inside `&` expressions; a number that JSON cannot hold is an error; `sort` orders
 * numbers as numbers; `max_by` and `min_by` work on strings; no function takes more than linear time
 * or arguments on the stack; text is ordered by code point on every machine.
 */
class PipelineInterpreter extends BaseInterpreter {
  #variables: ReadonlyMap<string, Visited> = new Map();

  override search(node: ExpressionNode, value: JSONValue): JSONValue {
    this.#variables = new Map();
    return super.search(node, value);
  }

  override visit(node: ExpressionNode, value: Visited): Visited {
    switch (node.type) {
      case 'Field': {
        if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
        if (!Object.hasOwn(value, node.name)) return null;
        return (value as Readonly<Record<string, JSONValue | undefined>>)[node.name] ?? null;
      }
      case 'ExpressionReference':
        return node.child;
      case 'LetExpression': {
        const outer = this.#variables;
        const inner = new Map(outer);
        for (const { variable, reference } of node.bindings)
          inner.set(variable, this.visit(reference, value));
        this.#variables = inner;
        try {
          return this.visit(node.expression, value);
        } finally {
          this.#variables = outer;
        }
      }
      case 'Variable':
        return this.#variables.get(node.name) ?? null;
      case 'Arithmetic':
      case 'Function':
      case 'Unary': {
        const result = super.visit(node, value);
        if (typeof result === 'number' && !Number.isFinite(result))
          throw new Error(`the result is ${result}`);
        return result;
      }
      default:
        return super.visit(node, value);
    }
  }
}

const interpreter = createInterpreter();

/** Parses `source`. Throws the library's own error. */
export function parseExpression(source: string): ExpressionNode {
  return compile(source);
}

/** Runs a parsed expression that {@link admitReferences} and the analysis have seen. */
export function runExpression(node: ExpressionNode, scope: unknown): unknown {
  return interpreter.search(node, scope as JSONValue);
}

/** Marks the operand of `&` as an expression that functions may be given. */
export function admitReference(operand: ExpressionNode): void {
  references.add(operand);
}

/** The arguments a function takes, or `undefined` when there is no such function. */
export function functionSignature(name: string): readonly InputSignature[] | undefined {
  const table = interpreter.runtime._functionTable;
  return Object.hasOwn(table, name) ? table[name]?._signature : undefined;
}

export function functionNames(): readonly string[] {
  return interpreter.runtime.getRegistered();
}

export function takesExpression({ types }: InputSignature): boolean {
  return types.includes(TYPE_EXPREF);
}

function createInterpreter(): PipelineInterpreter {
  const created = new PipelineInterpreter();
  const { runtime } = created;
  const typed = runtime as unknown as { getTypeName(value: unknown): number | undefined };
  const typeName = typed.getTypeName.bind(runtime);
  typed.getTypeName = (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return typeName(value);
    return references.has(value) ? TYPE_EXPREF : TYPE_OBJECT;
  };
  for (const [name, [signature, run]] of Object.entries(functionFixes(created))) {
    runtime.register(name, run, signature, { override: true });
  }
  return created;
}

function functionFixes(owner: PipelineInterpreter): Record<string, [InputSignature[], RuntimeFunction]> {
  const ordered = [{ types: [TYPE_ARRAY_STRING, TYPE_ARRAY_NUMBER] }];
  const keyed = [{ types: [TYPE_ARRAY] }, { types: [TYPE_EXPREF] }];
  const trimmed = [{ types: [TYPE_STRING] }, { types: [TYPE_STRING], optional: true }];
  return {
    sort: [ordered, ([list]) => [...(list as KeyValue[])].sort(compareKeys)],
    max: [ordered, ([list]) => extreme(list as KeyValue[], (key) => key, 1)],
    min: [ordered, ([list]) => extreme(list as KeyValue[], (key) => key, -1)],
    max_by: [keyed, ([list, by]) => extreme(list as JSONValue[], keyReader(owner, by), 1)],
    min_by: [keyed, ([list, by]) => extreme(list as JSONValue[], keyReader(owner, by), -1)],
    group_by: [keyed, ([list, by]) => groupBy(list as JSONValue[], keyReader(owner, by))],
    merge: [[{ types: [TYPE_OBJECT], variadic: true }], (objects) => merge(objects as object[])],
    trim: [trimmed, ([text, set]) => trim(text as string, set as string | undefined, true, true)],
    trim_left: [trimmed, ([text, set]) => trim(text as string, set as string | undefined, true, false)],
    trim_right: [trimmed, ([text, set]) => trim(text as string, set as string | undefined, false, true)],
  };
}

function keyReader(owner: PipelineInterpreter, by: unknown): (item: JSONValue) => KeyValue {
  return (item) => {
    const key = owner.visit(by as ExpressionNode, item);
    if (typeof key === 'string' || typeof key === 'number') return key;
    throw new Error(`a key is ${key === null ? 'null' : typeof key}; expected a string or a number`);
  };
}

function extreme<Item extends JSONValue>(
  list: readonly Item[],
  keyOf: (item: Item) => KeyValue,
  sign: 1 | -1,
): Item | null {
  let best: { readonly item: Item; readonly key: KeyValue } | undefined;
  for (const item of list) {
    const key = keyOf(item);
    if (best === undefined || compareKeys(key, best.key) * sign > 0) best = { item, key };
  }
  return best?.item ?? null;
}

function groupBy(list: readonly JSONValue[], keyOf: (item: JSONValue) => KeyValue): JSONValue {
  const groups = new Map<string, JSONValue[]>();
  for (const item of list) {
    const key = keyOf(item);
    if (typeof key !== 'string') throw new Error('a key is a number; expected a string');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return Object.fromEntries(groups);
}

function merge(objects: readonly object[]): JSONValue {
  const entries = new Map<string, JSONValue>();
  for (const object of objects)
    for (const [key, value] of Object.entries(object)) entries.set(key, value as JSONValue);
  return Object.fromEntries(entries);
}

function compareKeys(a: KeyValue, b: KeyValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a !== typeof b) throw new Error('keys are strings and numbers mixed; expected one of the two');
  return compareText(a as string, b as string);
}

/** Order of Unicode code points, which JMESPath asks for; UTF-16 differs above the basic plane. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x === y) continue;
    const [highX, highY] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    if (highX !== highY) return highX ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

function trim(text: string, set: string | undefined, left: boolean, right: boolean): string {
  const strip = set === undefined || set === '' ? undefined : new Set(set);
  const stripped = (character: string): boolean =>
    strip ? strip.has(character) : /[\s\u0085]/.test(character);
  // By code point, as the set is.
  const characters = Array.from(text);
  let [start, end] = [0, characters.length];
  while (left && start < end && stripped(characters[start] ?? '')) start += 1;
  while (right && end > start && stripped(characters[end - 1] ?? '')) end -= 1;
  return characters.slice(start, end).join('');
}
