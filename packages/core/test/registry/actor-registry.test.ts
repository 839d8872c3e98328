import { describe, expect, test } from 'vitest';
import { Actor, ActorRegistry, type RegistryChange } from '@certoai/loom-core';

class Greeter extends Actor {
  onReceive(name: string): string {
    return `hello ${name}`;
  }
}

test('knows what was registered, in order', () => {
  const registry = new ActorRegistry();
  expect(registry.register('b', Greeter, { metadata: { owner: 'us' } })).toEqual({ replaced: false });
  expect(registry.register('a', Greeter)).toEqual({ replaced: false });
  expect(registry.has('b')).toBe(true);
  expect(registry.has('c')).toBe(false);
  expect(registry.get('b')).toMatchObject({
    type: 'b',
    actor: Greeter,
    options: { metadata: { owner: 'us' } },
  });
  expect(registry.get('c')).toBeUndefined();
  expect(registry.list().map(({ type }) => type)).toEqual(['b', 'a']);
});

test('replaces, and says so', () => {
  const registry = new ActorRegistry();
  registry.register('a', Greeter);
  const other = (): string => 'other';
  expect(registry.register('a', other)).toEqual({ replaced: true });
  expect(registry.get('a')?.actor).toBe(other);
  expect(registry.list()).toHaveLength(1);
});

test('tells of every change, until it is told to stop', () => {
  const registry = new ActorRegistry();
  const changes: string[] = [];
  const stop = registry.onChange(
    ({ kind, registration }: RegistryChange) => void changes.push(`${kind} ${registration.type}`),
  );
  registry.register('a', Greeter);
  registry.register('a', Greeter);
  expect(registry.unregister('a')).toBe(true);
  expect(registry.unregister('a')).toBe(false);
  stop();
  registry.register('b', Greeter);
  expect(changes).toEqual(['registered a', 'replaced a', 'unregistered a']);
});

test('a listener that throws, or leaves, disturbs no other', () => {
  const registry = new ActorRegistry();
  const heard: string[] = [];
  const leave = registry.onChange(() => {
    leave();
    throw new Error('mine');
  });
  registry.onChange(({ registration }) => void heard.push(registration.type));
  registry.register('a', Greeter);
  registry.register('b', Greeter);
  expect(heard).toEqual(['a', 'b']);
});

describe('a type must fit into the name of a queue', () => {
  test.each(['a', 'pdf-extractor', 'A_b.9', 'x'.repeat(128)])('accepts %s', (type) => {
    new ActorRegistry().register(type, Greeter);
  });
  test.each(['', 'a b', 'a:b', 'a/b', 'ä', 'x'.repeat(129), undefined as unknown as string])(
    'refuses %s',
    (type) => {
      expect(() => new ActorRegistry().register(type, Greeter)).toThrow(
        expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }),
      );
    },
  );
});

describe('numbers', () => {
  const bad = [Number.NaN, 0, -1, 1.5, Infinity];
  test.each(bad)('concurrency %s is refused', (concurrency) => {
    const register = (): unknown => new ActorRegistry().register('a', Greeter, { concurrency });
    expect(register).toThrow(expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }));
  });
  test.each(bad)('passivateAfterMs %s is refused', (passivateAfterMs) => {
    const register = (): unknown => new ActorRegistry().register('a', Greeter, { passivateAfterMs });
    expect(register).toThrow(expect.objectContaining({ code: 'LOOM_INVALID_OPTION' }));
  });
  test('explicit undefined means the default', () => {
    new ActorRegistry().register('a', Greeter, {
      concurrency: undefined,
      passivateAfterMs: undefined,
      supervision: undefined,
    });
  });
  test('more than one task at a time is not for one instance', () => {
    const registry = new ActorRegistry();
    registry.register('one', new Greeter(), { concurrency: 1 });
    expect(() => registry.register('many', new Greeter(), { concurrency: 2 })).toThrow(/one instance/);
  });
});

describe('what is no actor is refused with its name and what would do', () => {
  class Empty {
    readonly value = 1;
  }
  const cases: [string, unknown, RegExp][] = [
    ['undefined', undefined, /undefined/],
    ['null', null, /null/],
    ['a text', 'greeter', /string/],
    ['a number', 7, /number/],
    ['an array', [Greeter], /array/],
    ['an object without a handler', { hello: 1 }, /hello/],
    ['a class without a handler', Empty, /class "Empty"/],
    ['an instance of it', new Empty(), /value/],
  ];
  test.each(cases)('%s', (_name, actor, given) => {
    const register = (): unknown => new ActorRegistry().register('a', actor as never);
    expect(register).toThrow(TypeError);
    expect(register).toThrow(given);
    expect(register).toThrow(/onReceive.*execute.*process.*create/s);
  });
});
