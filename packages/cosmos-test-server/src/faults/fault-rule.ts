import { oneOf, wholeNumber } from '../check-value.js';
import { operationKinds } from '../http/operation.js';
import type { Operation, OperationKind } from '../http/operation.js';
import { isObject } from '../store/document.js';

/** What goes wrong, with which requests. Plain JSON, so that it can also come from another process. */
export interface FaultRule {
  /** All conditions that are given must hold. @default every request */
  readonly match?: FaultMatch | undefined;
  /** Matching requests that are let by first. @default 0 */
  readonly skip?: number | undefined;
  /** Then each n-th of them, 1 or more. @default 1 */
  readonly every?: number | undefined;
  /** How often at most, 1 or more. @default without end */
  readonly times?: number | undefined;
  readonly effect: FaultEffect;
}

export interface FaultMatch {
  readonly operation?: OperationKind | readonly OperationKind[] | undefined;
  readonly database?: string | undefined;
  readonly container?: string | undefined;
  /** Id of an item, where the path has it: not for a creation. */
  readonly item?: string | undefined;
}

/** `before`: nothing was done. `after`: all was done, and the client does not get to know. */
export type FaultTiming = 'before' | 'after';

export type FaultEffect =
  | {
      readonly kind: 'answer';
      /** 400 to 599. */
      readonly status: number;
      readonly substatus?: number | undefined;
      /** Milliseconds; absent: the answer does not say. */
      readonly retryAfterMs?: number | undefined;
      /** `html` and `empty` are what proxies answer. @default json */
      readonly body?: 'json' | 'html' | 'empty' | undefined;
      /** @default before */
      readonly when?: FaultTiming | undefined;
    }
  | { readonly kind: 'disconnect'; readonly when: FaultTiming }
  /** The answer, or what is done, is late; milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number; /** @default before */ readonly when?: FaultTiming };

/** Counts the requests of one rule. */
export class ActiveFault {
  readonly #rule: FaultRule;
  #seen = 0;
  #done = 0;

  /** @throws TypeError, RangeError for what is not a rule */
  constructor(rule: FaultRule) {
    checkRule(rule);
    this.#rule = rule;
  }

  get effect(): FaultEffect {
    return this.#rule.effect;
  }

  /** Whether this request is one of those. */
  strikes(operation: Operation): boolean {
    const { match = {}, skip = 0, every = 1, times = Infinity } = this.#rule;
    if (!matches(match, operation) || this.#done >= times) return false;
    const number = ++this.#seen - skip;
    if (number <= 0 || number % every !== 0) return false;
    this.#done++;
    return true;
  }
}

function matches({ operation, database, container, item }: FaultMatch, request: Operation): boolean {
  const kinds = operation === undefined ? operationKinds : [operation].flat();
  const isSame = (wanted: string | undefined, is: string): boolean => wanted === undefined || wanted === is;
  return (
    kinds.includes(request.kind) &&
    isSame(database, request.database) &&
    isSame(container, request.container) &&
    isSame(item, request.item)
  );
}

function checkRule(rule: unknown): void {
  if (!isObject(rule) || !isObject(rule['effect']))
    throw new TypeError('The fault rule has no "effect"; give { effect: { kind: … } }.');
  const { effect, match = {} } = rule;
  if (!isObject(match)) throw new TypeError('"match" of a fault rule is not an object.');
  for (const kind of [match['operation'] ?? []].flat()) oneOf('operation', kind, operationKinds);
  wholeNumber('skip', rule['skip'] ?? 0, 0);
  wholeNumber('every', rule['every'] ?? 1, 1);
  wholeNumber('times', rule['times'] ?? 1, 1);
  checkEffect(effect);
}

function checkEffect({ kind, when = 'before', ...effect }: Readonly<Record<string, unknown>>): void {
  oneOf('when', when, ['before', 'after']);
  oneOf('kind', kind, ['answer', 'disconnect', 'delay']);
  switch (kind) {
    case 'answer':
      wholeNumber('status', effect['status'], 400, 599);
      wholeNumber('substatus', effect['substatus'] ?? 0, 0);
      wholeNumber('retryAfterMs', effect['retryAfterMs'] ?? 0, 0);
      return oneOf('body', effect['body'] ?? 'json', ['json', 'html', 'empty']);
    case 'delay':
      return wholeNumber('ms', effect['ms'], 0);
  }
}
