import type { BlobStore } from '@certoai/loom-core';
import { checkBlob, checkKey, closedError } from './blob-input.js';

/** What lies below one segment: keys are a tree, so that a prefix costs what it holds. */
interface Node {
  text?: string | undefined;
  readonly below: Map<string, Node>;
}

/** Blobs in the memory of this process: gone when it ends, or when the store is closed. */
export class InMemoryBlobStore implements BlobStore {
  readonly capabilities = { durable: false, shared: false };
  readonly #root: Node = { below: new Map() };
  #closed = false;

  async put(key: string, text: string): Promise<void> {
    this.#check(key);
    checkBlob(key, text);
    let node = this.#root;
    for (const segment of key.split('/')) {
      let next = node.below.get(segment);
      if (next === undefined) node.below.set(segment, (next = { below: new Map() }));
      node = next;
    }
    node.text = text;
  }

  async get(key: string): Promise<string | undefined> {
    this.#check(key);
    return this.#path(key).at(-1)?.text;
  }

  async remove(prefix: string): Promise<number> {
    this.#check(prefix);
    const path = this.#path(prefix);
    const segments = prefix.split('/');
    // Nodes that lead nowhere any more go too.
    for (let depth = path.length - 1; depth >= 0; depth -= 1) {
      const above = path[depth - 1] ?? this.#root;
      above.below.delete(segments[depth] as string);
      if (above.below.size > 0 || above.text !== undefined) break;
    }
    const found = path.at(-1);
    return found === undefined ? 0 : count(found);
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    this.#check(prefix);
    yield* [...(this.#path(prefix).at(-1)?.below.keys() ?? [])];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#root.below.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The nodes of `key`, from its first segment to its last; empty when there is no such key. */
  #path(key: string): readonly Node[] {
    const path: Node[] = [];
    let node: Node | undefined = this.#root;
    for (const segment of key.split('/')) {
      node = node.below.get(segment);
      if (node === undefined) return [];
      path.push(node);
    }
    return path;
  }

  #check(key: string): void {
    if (this.#closed) throw closedError();
    checkKey(key);
  }
}

function count({ text, below }: Node): number {
  let found = text === undefined ? 0 : 1;
  for (const node of below.values()) found += count(node);
  return found;
}
