import { LoomError } from '../errors/loom-error.js';
import type { CosmosPlace } from './az-commands.js';
import { isMissing, missingContainers, wrongLayout } from './wrong-containers.js';
import type { Charged, CosmosAnswer, CosmosCalls } from './cosmos-calls.js';
import type {
  CosmosClientLike,
  CosmosContainerLike,
  CosmosDocument,
  CosmosOperation,
  CosmosPatch,
  CosmosQuery,
  CosmosRequestOptions,
  CosmosResponse,
} from './cosmos-client-like.js';
import { layoutDifferences, type CosmosContainerLayout } from './cosmos-layout.js';

/** An item as it was read. */
export interface CosmosItem<Document> {
  readonly document: Document;
  readonly etag: string;
}

/** Part of the answer to a query. */
export interface CosmosRows<Row> {
  readonly rows: readonly Row[];
  /** Where the next page begins; absent on the last. */
  readonly next?: string | undefined;
}

/** Most operations of one batch. https://learn.microsoft.com/azure/cosmos-db/nosql/transactional-batch */
export const maxBatchOperations = 100;

/**
 * One container of Loom. Reads see the writes of this client. Before the first use its layout is compared with the
 * table: a wrong partition key would lose items without an error.
 */
export class CosmosContainer {
  readonly #container: CosmosContainerLike;
  readonly #layout: CosmosContainerLayout;
  readonly #calls: CosmosCalls;
  readonly #place: CosmosPlace;
  #checked: Promise<void> | undefined;

  constructor(
    client: CosmosClientLike,
    place: CosmosPlace,
    layout: CosmosContainerLayout,
    calls: CosmosCalls,
  ) {
    this.#container = client.database(place.database).container(layout.name);
    this.#layout = layout;
    this.#calls = calls;
    this.#place = place;
  }

  /**
   * Once is enough, also for many at a time; a failure is forgotten, so that what is created later is found.
   * @throws LoomError `LOOM_STORE_FAILED` when it is missing, with the commands that create it, or made differently
   */
  check(): Promise<void> {
    return (this.#checked ??= this.#check().catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    }));
  }

  async read<Document>(doing: string, pk: string, id: string): Promise<CosmosItem<Document> | undefined> {
    const answer = await this.#call(doing, 'read', async (options) =>
      itemOf(await this.#container.item(id, pk).read(options)),
    );
    return answer.kind === 'done' ? (answer.value as CosmosItem<Document>) : undefined;
  }

  /** `conflict`: there is one of this id. */
  create(doing: string, document: CosmosDocument): Promise<CosmosAnswer<CosmosItem<unknown>>> {
    return this.#call(doing, 'write', async (options) =>
      itemOf(await this.#container.items.create(document, options)),
    );
  }

  /** In place of whatever is there. Not for what several may write. */
  upsert(doing: string, document: CosmosDocument): Promise<CosmosAnswer<CosmosItem<unknown>>> {
    return this.#call(doing, 'write', async (options) =>
      itemOf(await this.#container.items.upsert(document, options)),
    );
  }

  /** `precondition`: it is another one than `etag` says; `absent`: it is gone. */
  replace(doing: string, document: CosmosDocument, etag: string): Promise<CosmosAnswer<CosmosItem<unknown>>> {
    return this.#call(doing, 'write', async (options) =>
      itemOf(
        await this.#container
          .item(document.id, document.pk)
          .replace(document, { ...options, accessCondition: { type: 'IfMatch', condition: etag } }),
      ),
    );
  }

  /** `precondition`: its condition does not hold. @param patch - must do no harm when it is applied twice */
  patch(
    doing: string,
    pk: string,
    id: string,
    patch: CosmosPatch,
  ): Promise<CosmosAnswer<CosmosItem<unknown>>> {
    return this.#call(doing, 'write', async (options) =>
      itemOf(await this.#container.item(id, pk).patch(patch, options)),
    );
  }

  /** `precondition`: it is another one than `etag` says; `absent`: it is gone already. */
  remove(doing: string, pk: string, id: string, etag: string): Promise<CosmosAnswer<CosmosItem<unknown>>> {
    return this.#call(doing, 'write', async (options) =>
      itemOf(
        await this.#container
          .item(id, pk)
          .delete({ ...options, accessCondition: { type: 'IfMatch', condition: etag } }),
      ),
    );
  }

  /**
   * All of them or none, in one partition. The first one is to create an item with an id that only this commit has:
   * when an answer is lost and the batch is sent again, `conflict` with `inDoubt` says to look there who wrote it.
   * @param operations - 1 to 100, and 2 MB in all
   * @returns what the answer is about: `refused` is the place of the operation, from 0
   */
  async batch(
    doing: string,
    pk: string,
    operations: readonly CosmosOperation[],
  ): Promise<CosmosAnswer<undefined> & { readonly refused?: number }> {
    if (operations.length < 1 || operations.length > maxBatchOperations) {
      const message = `A batch has ${operations.length} operations; give 1 to ${maxBatchOperations}, and write the rest before it.`;
      throw new LoomError('LOOM_INVALID_OPTION', message, { operations: operations.length });
    }
    let refused = -1;
    const answer = await this.#call(doing, 'write', async (options) => {
      // The package writes into what it is given.
      const given = operations.map((operation) => ({ ...operation }));
      const { result = [], headers } = await this.#container.items.batch(given, pk, options);
      const requestUnits = Number(headers['x-ms-request-charge'] ?? 0);
      // 424 is said of those that were not tried because of another.
      refused = result.findIndex(({ statusCode }) => statusCode >= 400 && statusCode !== 424);
      const failed = result[refused];
      if (failed !== undefined) throw answerOf(failed.statusCode, undefined, requestUnits);
      return { value: undefined, requestUnits };
    });
    return answer.kind === 'done' ? answer : { ...answer, refused };
  }

  /**
   * One page of what `query` selects.
   * @param pk - the partition to look into; without it all are read, in no order, which is for rare questions only:
   *   never sort, count or group over partitions
   */
  async page<Row>(
    doing: string,
    query: CosmosQuery,
    { pk, size, from }: { readonly pk?: string; readonly size: number; readonly from?: string | undefined },
  ): Promise<CosmosRows<Row>> {
    const answer = await this.#call(doing, 'read', async (options) => {
      // An iterator that failed once is of no more use: each page has its own, from where the last one ended.
      const pages = this.#container.items.query(query, {
        ...options,
        maxItemCount: size,
        ...(pk !== undefined && { partitionKey: pk }),
        ...(from !== undefined && { continuationToken: from }),
      });
      const { resources, continuationToken, requestCharge } = await pages.fetchNext();
      // The package says nothing of a partition that was split meanwhile.
      if (resources === undefined) throw answerOf(410, 1_002, requestCharge);
      return {
        value: { rows: resources as readonly Row[], next: continuationToken },
        requestUnits: requestCharge,
      };
    });
    return answer.kind === 'done' ? answer.value : { rows: [] };
  }

  /** Everything that `query` selects, page by page; an empty page is not the end. */
  async rows<Row>(doing: string, query: CosmosQuery, pk?: string): Promise<Row[]> {
    const found: Row[] = [];
    let from: string | undefined;
    do {
      const { rows, next } = await this.page<Row>(doing, query, {
        size: 100,
        from,
        ...(pk !== undefined && { pk }),
      });
      found.push(...rows);
      from = next;
    } while (from !== undefined);
    return found;
  }

  async #call<Value>(
    doing: string,
    kind: 'read' | 'write',
    send: (options: CosmosRequestOptions) => Promise<Charged<Value>>,
  ): Promise<CosmosAnswer<Value>> {
    await this.check();
    return this.#run(doing, kind === 'write', send);
  }

  #run<Value>(
    doing: string,
    isWrite: boolean,
    send: (options: CosmosRequestOptions) => Promise<Charged<Value>>,
  ): Promise<CosmosAnswer<Value>> {
    const call = { place: this.#place, container: this.#layout.name, doing, isWrite };
    // The package sends no session token unless it is asked to, whatever the account's default is.
    return this.#calls.run(call, (abortSignal) => send({ abortSignal, consistencyLevel: 'Session' }));
  }

  async #check(): Promise<void> {
    const layout = this.#layout;
    const answer = await this.#run('read the layout', false, async (options) =>
      itemOf(await this.#container.read(options)),
    ).catch((error: unknown) => {
      // A container of a database that is missing, too.
      if (isMissing(error)) throw missingContainers(this.#place, [layout], true);
      throw error;
    });
    if (answer.kind !== 'done') throw missingContainers(this.#place, [layout], false);
    const differences = layoutDifferences(layout, answer.value.document);
    if (differences.length > 0) throw wrongLayout(this.#place, layout, differences);
  }
}

/** The package resolves with a 404 of a read, and tells only by the substatus what it is about. */
function itemOf({
  resource,
  etag,
  statusCode,
  substatus,
  requestCharge,
}: CosmosResponse): Charged<CosmosItem<unknown>> {
  if (statusCode >= 400) throw answerOf(statusCode, substatus, requestCharge);
  return { value: { document: resource, etag }, requestUnits: requestCharge };
}

function answerOf(code: number, substatus: number | undefined, requestUnits: number): Error {
  return Object.assign(new Error(`status ${code}`), {
    code,
    substatus,
    headers: { 'x-ms-request-charge': requestUnits },
  });
}
