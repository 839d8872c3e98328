import type { IncomingHttpHeaders } from 'node:http';
import type { OperationKind } from './operation.js';

export interface RequestEntry {
  readonly method: string;
  readonly path: string;
  /** Absent where the server has no such operation. */
  readonly operation: OperationKind | undefined;
  /** 0 where the connection was cut. */
  readonly status: number;
  readonly substatus: number | undefined;
  /** Request units. */
  readonly charge: number;
  /** Without `authorization`. */
  readonly headers: IncomingHttpHeaders;
}

const maxEntries = 10_000;

/** What was asked and how it was answered, in the order of the answers; the newest ten thousand. */
export class RequestLog {
  #entries: RequestEntry[] = [];

  get entries(): readonly RequestEntry[] {
    return this.#entries;
  }

  /** How many of one kind. */
  count(operation: OperationKind): number {
    return this.#entries.filter((entry) => entry.operation === operation).length;
  }

  add(entry: RequestEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > maxEntries * 2) this.#entries = this.#entries.slice(-maxEntries);
  }

  clear(): void {
    this.#entries = [];
  }
}
