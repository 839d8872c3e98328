import type { ActorFunction, ActorSource } from './actor-source.js';
import type { ActorContext } from './context.js';
import type { ActorRef } from './actor-ref.js';
import { isObject, typeName } from '../internal/is-object.js';
import { isThenable } from '../internal/thenable.js';

/** A handler as the runtime drives it: an `Actor`, or an object that looks enough like one. */
export interface ActorInstance {
  context?: ActorContext;
  onReceive(message: unknown, context: ActorContext): unknown;
  onStart?(context: ActorContext): unknown;
  onStop?(context: ActorContext): unknown;
  onRestart?(error: unknown, context: ActorContext): unknown;
  onTerminated?(ref: ActorRef, context: ActorContext): unknown;
  onReceiveTimeout?(context: ActorContext): unknown;
}

/** Any accepted {@link ActorSource} in one shape. */
export interface ActorDefinition {
  /** `instance`: there is one, so `create` returns the same each time. */
  readonly kind: 'class' | 'instance' | 'factory' | 'function';
  create(): ActorInstance | PromiseLike<ActorInstance>;
  /** Of kind `function`: tasks call it directly. */
  readonly call?: ActorFunction;
}

type Method = (...args: unknown[]) => unknown;
type Candidate = Record<string, Method | undefined>;

/** @throws TypeError that names what was given when it is no actor */
export function resolveActor(source: ActorSource, what: string): ActorDefinition {
  if (typeof source === 'function') return resolveFunction(source as unknown as Method, what);
  if (isObject(source)) {
    const candidate = source as unknown as Candidate;
    if (handlerName(candidate)) {
      const instance = adapt(candidate, what);
      return { kind: 'instance', create: () => instance };
    }
    if (typeof candidate['create'] === 'function') {
      return {
        kind: 'factory',
        create() {
          const made = (candidate['create'] as Method).call(source);
          return isThenable(made) ? made.then((value) => adapt(value, what)) : adapt(made, what);
        },
      };
    }
  }
  throw noActor(source, what);
}

function resolveFunction(source: Method, what: string): ActorDefinition {
  const prototype = source.prototype as Candidate | undefined;
  const name = prototype && handlerName(prototype);
  if (name) {
    const Class = source as unknown as new () => Candidate;
    // The common case is free of checks: an actor of 100 000 is created in a few nanoseconds.
    if (name === 'onReceive') return { kind: 'class', create: () => new Class() as unknown as ActorInstance };
    return { kind: 'class', create: () => adapt(new Class(), what) };
  }
  // A class whose handler is a field is seen only in its instances: ask for a factory instead of guessing.
  if (isClass(source)) throw noActor(source, what);
  return { kind: 'function', create: () => adapter(source), call: source as ActorFunction };
}

function adapt(value: unknown, what: string): ActorInstance {
  if (typeof value === 'function' && !isClass(value)) return adapter(value as Method);
  const candidate = value as Candidate;
  const name = isObject(value) ? handlerName(candidate) : undefined;
  if (name === undefined) throw noActor(value, what);
  // One that is frozen cannot be given its context.
  if (name === 'onReceive' && Object.isExtensible(value)) return value as ActorInstance;
  return adapter((message, context) => candidate[name]?.(message, context), candidate);
}

const hooks = ['onStart', 'onStop', 'onRestart', 'onTerminated', 'onReceiveTimeout'];

/** Stands for a handler that is no actor itself, and passes on the hooks it has. */
function adapter(onReceive: Method, target: Candidate = {}): ActorInstance {
  const bound = hooks.map((hook) => [hook, target[hook]?.bind(target)] as const);
  return { onReceive, ...Object.fromEntries(bound) };
}

function handlerName(candidate: Candidate): 'onReceive' | 'execute' | 'process' | undefined {
  for (const name of ['onReceive', 'execute', 'process'] as const) {
    if (typeof candidate[name] === 'function') return name;
  }
  return undefined;
}

function isClass(source: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(source));
}

function noActor(given: unknown, what: string): TypeError {
  const accepted =
    'a class or an instance with onReceive(message), execute(input, context) or process(message), a factory { create() }, or a function';
  return new TypeError(
    `The ${what} was given ${describe(given)}, which handles no messages. It can be ${accepted}.`,
  );
}

function describe(given: unknown): string {
  if (typeof given === 'function') return `${isClass(given) ? 'the class' : 'the function'} "${given.name}"`;
  if (!isObject(given)) return typeName(given);
  if (Array.isArray(given)) return 'an array';
  const keys = Object.keys(given);
  return keys.length === 0 ? 'an object without members' : `an object with ${keys.slice(0, 5).join(', ')}`;
}
