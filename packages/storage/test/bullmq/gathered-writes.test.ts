import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { gatherWrites } from '../../src/bullmq/gathered-writes.js';

/** Remembers what each call of the system would have been given. */
class Socket extends Writable {
  readonly calls: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(chunk.toString());
    done();
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
    done();
  }
}

function openClient(stream: Socket | undefined) {
  const client = { stream, sendCommand: (text: unknown): unknown => client.stream?.write(String(text)) };
  gatherWrites(client);
  return client;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('commands of one turn are one write, in their order, also those of promises that settle in it', async () => {
  const socket = new Socket();
  const client = openClient(socket);
  client.sendCommand('a');
  client.sendCommand('b');
  void Promise.resolve().then(() => client.sendCommand('c'));
  expect(socket.calls).toEqual([]);
  await turn();
  expect(socket.calls.join('')).toBe('abc');
  expect(socket.calls.length).toBeLessThan(3);
  client.sendCommand('d');
  await turn();
  expect(socket.calls.at(-1)).toBe('d');
});

test('without a connection, and on the next one, commands go as they come', async () => {
  const client = openClient(undefined);
  client.sendCommand('lost');
  const [first, second] = [new Socket(), new Socket()];
  client.stream = first;
  client.sendCommand('a');
  client.stream = second;
  client.sendCommand('b');
  await turn();
  expect([first.calls, second.calls]).toEqual([['a'], ['b']]);
  second.destroy();
  client.stream = second;
  client.sendCommand('into the void');
  await turn();
});
