import { failureFingerprint } from '@certoai/loom-core/failures';
import type {
  DeadLetter,
  DeadLetterGroup,
  DeadLetterListOptions,
  DeadLetterPage,
  DeadLetterSelection,
  JsonValue,
} from '@certoai/loom-core';
import { DeadLetterGroups } from '../internal/dead-letter-groups.js';
import { idOf } from '../internal/local-queue/stored-message.js';
import type { StoredMessage } from '../internal/local-queue/stored-message.js';
import { invalidCursor } from '../internal/message-queue-options.js';

interface Entry {
  /** Rises with every death; what a cursor holds. */
  readonly number: number;
  readonly message: StoredMessage;
  readonly reason: string;
  readonly fingerprint: string;
  readonly diedAt: number;
}

/** The dead letters of one queue. */
export class DeadLetterShelf {
  /** Oldest first, because a message that dies again is put in again. */
  readonly #entries = new Map<string, Entry>();
  /** The same as a list, to start in the middle; made again after something was taken out. */
  #ordered: Entry[] | undefined;
  #next = 1;

  get size(): number {
    return this.#entries.size;
  }

  add(message: StoredMessage, reason: string, diedAt: number): void {
    const entry = { number: this.#next, message, reason, fingerprint: failureFingerprint(reason), diedAt };
    this.#next += 1;
    this.#entries.set(idOf(message), entry);
    this.#ordered?.push(entry);
  }

  list({ limit, cursor, ...selection }: DeadLetterListOptions & { readonly limit: number }): DeadLetterPage {
    const items: DeadLetter[] = [];
    let last = 0;
    for (const entry of this.#select(selection, parseCursor(cursor))) {
      if (items.length === limit) return { items, cursor: String(last) };
      items.push(deadLetter(entry));
      last = entry.number;
    }
    return { items };
  }

  groups(): readonly DeadLetterGroup[] {
    const groups = new DeadLetterGroups();
    for (const entry of this.#entries.values()) groups.add(entry);
    return groups.list();
  }

  /** Takes the selected out. @returns these, oldest first */
  takeOut(selection: DeadLetterSelection): readonly StoredMessage[] {
    const messages = [...this.#select(selection, 0)].map(({ message }) => message);
    for (const message of messages) this.#entries.delete(idOf(message));
    if (messages.length > 0) this.#ordered = undefined;
    return messages;
  }

  *#select({ ids, fingerprint }: DeadLetterSelection, after: number): Iterable<Entry> {
    for (const entry of ids === undefined ? this.#entriesAfter(after) : this.#entriesOf(ids)) {
      if (entry.number > after && (fingerprint === undefined || entry.fingerprint === fingerprint))
        yield entry;
    }
  }

  *#entriesAfter(number: number): Iterable<Entry> {
    this.#ordered ??= [...this.#entries.values()];
    const ordered = this.#ordered;
    let [low, high] = [0, ordered.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ordered[middle] as Entry).number > number) high = middle;
      else low = middle + 1;
    }
    for (let index = low; index < ordered.length; index += 1) yield ordered[index] as Entry;
  }

  #entriesOf(ids: readonly string[]): readonly Entry[] {
    const entries = [...new Set(ids)].flatMap((id) => this.#entries.get(id) ?? []);
    return entries.toSorted((a, b) => a.number - b.number);
  }
}

function deadLetter({ message, reason, fingerprint, diedAt }: Entry): DeadLetter {
  const body = JSON.parse(message.body ?? 'null') as JsonValue;
  const { attempts, sentAt } = message;
  return { id: idOf(message), body, reason, fingerprint, attempts, sentAt, diedAt };
}

function parseCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalidCursor(cursor);
}
