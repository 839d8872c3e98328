import { Actor } from '@certoai/loom-core';
import type { ActorContext } from '@certoai/loom-core';
import { settled } from '@certoai/loom-core/testing';
import { describe, expect, test } from 'vitest';
import { boom, openWorker, recordingLogger } from '../support/open-worker.ts';
import type { LogLine } from '../support/open-worker.ts';

class Door extends Actor<string> {
  onReceive(message: string, context: ActorContext): string {
    if (message === 'open') context.become(this.#open);
    if (message === 'visit') context.become(this.#visited, { discardOld: false });
    if (message === 'fail') boom();
    return `closed: ${message}`;
  }
  readonly #open = (message: string, context: ActorContext): string => {
    if (message === 'close') context.unbecome();
    if (message === 'visit') context.become(this.#visited, { discardOld: false });
    if (message === 'fail') boom();
    return `open: ${message}`;
  };
  readonly #visited = (message: string, context: ActorContext): string => {
    if (message === 'leave') context.unbecome();
    if (message === 'open') context.become(this.#open);
    return `visited: ${message}`;
  };
}

describe('become', () => {
  async function say(...messages: string[]): Promise<string[]> {
    const { worker } = openWorker();
    const ref = worker.spawn(Door, { supervision: { onFailure: 'restart' } });
    const answers: string[] = [];
    for (const message of messages)
      answers.push(await ref.ask<string>(message).catch((error: Error) => error.message));
    return answers;
  }

  test('changes how the next message is handled, and unbecome goes back', async () => {
    expect(await say('a', 'open', 'b', 'close', 'c')).toEqual([
      'closed: a',
      'closed: open',
      'open: b',
      'open: close',
      'closed: c',
    ]);
  });

  test('with discardOld false keeps the behaviour before for unbecome', async () => {
    expect(await say('open', 'visit', 'a', 'leave', 'b')).toEqual([
      'closed: open',
      'open: visit',
      'visited: a',
      'visited: leave',
      'open: b',
    ]);
    expect(await say('visit', 'leave', 'b')).toEqual(['closed: visit', 'visited: leave', 'closed: b']);
  });

  test('takes the place of the present behaviour by default', async () => {
    expect(await say('visit', 'open', 'close', 'a')).toEqual([
      'closed: visit',
      'visited: open',
      'open: close',
      'closed: a',
    ]);
  });

  test('is over after a restart', async () => {
    expect(await say('open', 'fail', 'a')).toEqual(['closed: open', 'boom', 'closed: a']);
  });

  test('unbecome without become does nothing', async () => {
    const { worker } = openWorker();
    const ref = worker.spawn((message: string, context) => ((context as ActorContext).unbecome(), message));
    expect(await ref.ask('a')).toBe('a');
    expect(await ref.ask('b')).toBe('b');
  });
});

describe('the context of a message', () => {
  test('has a logger that names the actor, and nothing of a task', async () => {
    const lines: LogLine[] = [];
    const { worker } = openWorker({ logger: recordingLogger(lines) });
    const seen: unknown[] = [];
    const ref = worker.spawn(
      (_message, context) => {
        context.logger.info('Hello', { n: 1 });
        context.heartbeat();
        context.progress({ done: 1 });
        seen.push(
          context.attempt,
          context.executionId,
          context.stage,
          context.index,
          (context as ActorContext).replyTo,
        );
      },
      { name: 'a' },
    );
    await ref.ask(1);
    expect(lines).toEqual([
      { level: 'info', message: 'Hello', fields: { worker: 'test', actor: 'user/a', n: 1 } },
    ]);
    expect(seen).toEqual([1, undefined, undefined, undefined, undefined]);
  });

  test('a signal that nobody aborts stays as it is', async () => {
    const { worker } = openWorker();
    let signal!: AbortSignal;
    await worker.spawn((_message, context) => void (signal = context.signal)).ask(1);
    await worker.close();
    expect(signal.aborted).toBe(false);
  });

  test('key is that of a keyed actor, and absent elsewhere', async () => {
    const { worker } = openWorker();
    worker.registerActor('cart', (_message, context) => (context as ActorContext).key ?? 'none');
    expect(await worker.ask('cart', 1, { key: 'a/b c' })).toBe('a/b c');
    expect(await worker.ask('cart', 1)).toBe('none');
    expect(
      await worker
        .spawn((_message, context) => (context as ActorContext).key ?? 'none', { name: 'n' })
        .ask(1),
    ).toBe('none');
  });

  test('a logger that throws harms nobody', async () => {
    const bad = { debug: boom, info: boom, warn: boom, error: boom, child: boom };
    const { worker } = openWorker({ logger: bad });
    const ref = worker.spawn((message, context) => {
      context.logger.info('hello');
      return message === 'bad' ? boom() : message;
    });
    ref.tell('bad');
    await settled();
    expect(await ref.ask('good')).toBe('good');
    worker.registry.onChange(boom);
    worker.registerActor('a', () => boom());
    expect(
      await worker.run({
        executionId: 'e',
        stage: 's',
        index: 0,
        attempt: 1,
        token: 1,
        actor: 'a',
        input: 1,
        idempotencyKey: 'k',
      }),
    ).toMatchObject({ kind: 'failed', error: { message: 'boom' } });
    await worker.close();
  });
});
