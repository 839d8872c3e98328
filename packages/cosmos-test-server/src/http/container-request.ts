import type { KeyRange } from '../partition/key-range.js';
import { parsePartitionKey } from '../partition/partition-key.js';
import type { PartitionKey } from '../partition/partition-key.js';
import { ProtocolError, badRequest, substatus } from '../protocol-error.js';
import type { Headers } from '../protocol-error.js';
import type { Container, Scope } from '../store/container.js';
import { sessionToken } from '../store/replica-view.js';
import type { ReplicaView } from '../store/replica-view.js';
import type { IncomingRequest } from './incoming-request.js';
import type { Operation } from './operation.js';
import type { Reply } from './reply.js';

const keyHeader = 'x-ms-documentdb-partitionkey';
const rangeHeader = 'x-ms-documentdb-partitionkeyrangeid';

/** A request about the items of one container, with what its headers say about where they are. */
export class ContainerRequest {
  readonly container: Container;
  readonly operation: Operation;
  readonly http: IncomingRequest;

  constructor(container: Container, operation: Operation, http: IncomingRequest) {
    this.container = container;
    this.operation = operation;
    this.http = http;
  }

  /** The whole partition key. @throws ProtocolError 400 */
  key(): PartitionKey {
    const text = this.http.header(keyHeader);
    if (text !== undefined) return parsePartitionKey(text, this.container.definition.partitionKey, false);
    throw badRequest(
      'PartitionKey value must be supplied for this operation.',
      substatus.partitionKeyMismatch,
    );
  }

  /** The range that is asked for by its id. @throws ProtocolError 410/1002 */
  range(): KeyRange | undefined {
    const id = this.http.header(rangeHeader);
    return id === undefined ? undefined : this.container.rangeById(id);
  }

  /** Of a query or a feed. @throws ProtocolError 400, 410 */
  scope(): Scope {
    const text = this.http.header(keyHeader);
    const { partitionKey } = this.container.definition;
    return {
      key: text === undefined ? undefined : parsePartitionKey(text, partitionKey, true),
      range: this.range(),
      from: this.http.header('x-ms-start-epk'),
      to: this.http.header('x-ms-end-epk'),
    };
  }

  /** Ranges that a scope reaches into, where it says; else all. */
  rangesOf({ key, range }: Scope): readonly KeyRange[] {
    if (key?.length === this.container.definition.partitionKey.paths.length)
      return [this.container.rangeOf(key)];
    return range ? [range] : this.container.ranges;
  }

  /** @throws ProtocolError 404/1002 when the session has seen more than there is */
  view(ranges: readonly KeyRange[]): ReplicaView {
    const view = this.container.view(this.http.header('x-ms-session-token'));
    for (const range of ranges) view.checkSession(range);
    return view;
  }

  /** Rows or items of a page; -1 for as many as there are. @throws ProtocolError 400 */
  pageSize(): number {
    const text = this.http.header('x-ms-max-item-count') ?? '100';
    const size = Number(text);
    if (Number.isSafeInteger(size) && (size === -1 || size > 0)) return size;
    throw badRequest(`The page size ${text} is invalid: give 1 or more, or -1.`);
  }

  /** Does `work` within the budget of `ranges`. */
  answer(ranges: readonly KeyRange[], work: () => Reply): Reply {
    const { budget } = this.container;
    return this.describe(ranges, () => budget.spend(ranges, this.container.ranges.length, work));
  }

  /** Adds to the answer, whichever it is, what it says about `ranges`. */
  describe(ranges: readonly KeyRange[], work: () => Reply): Reply {
    try {
      const reply = work();
      return { ...reply, headers: { ...this.#headers(ranges), ...reply.headers } };
    } catch (error) {
      throw error instanceof ProtocolError ? error.withHeaders(this.#headers(ranges)) : error;
    }
  }

  #headers(ranges: readonly KeyRange[]): Headers {
    const { database, container } = this.operation;
    const [only] = ranges;
    return {
      'x-ms-alt-content-path': `dbs/${database}/colls/${container}`,
      'x-ms-content-path': this.container.rid,
      'x-ms-session-token': sessionToken(ranges),
      ...(only && ranges.length === 1 && { lsn: String(only.lsn), [rangeHeader]: only.id }),
    };
  }
}
