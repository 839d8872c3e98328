import { badRequest, conflict, notFound, ownerNotFound } from '../protocol-error.js';
import { Container } from './container.js';
import { parseContainerDefinition, parseName } from './container-definition.js';
import { isObject } from './document.js';
import type { Document } from './document.js';
import { newEtag } from './etag.js';
import { containerRid, databaseRid } from './resource-id.js';
import type { StoreSettings } from './store-settings.js';

/** A container and its definition as clients read it. */
export interface StoredContainer {
  readonly container: Container;
  document: Document;
}

export interface StoredDatabase {
  readonly number: number;
  readonly document: Document;
  readonly containers: Map<string, StoredContainer>;
}

/** All databases of a server, and what is in them. */
export class Account {
  readonly databases = new Map<string, StoredDatabase>();
  readonly #settings: StoreSettings;
  #lastNumber = 0;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
  }

  /** @throws ProtocolError 400, 409 */
  createDatabase(body: unknown): Document {
    const id = parseName(isObject(body) ? body['id'] : undefined);
    if (this.databases.has(id)) throw conflict();
    const number = ++this.#lastNumber;
    const rid = databaseRid(number);
    const document = { id, ...this.#stamp(rid, `dbs/${rid}/`), _colls: 'colls/', _users: 'users/' };
    this.databases.set(id, { number, document, containers: new Map() });
    return document;
  }

  /** @throws ProtocolError 404 */
  database(id: string): StoredDatabase {
    const found = this.databases.get(id);
    if (found === undefined) throw notFound();
    return found;
  }

  /** @throws ProtocolError 404 */
  deleteDatabase(id: string): void {
    this.database(id);
    this.databases.delete(id);
  }

  /** @throws ProtocolError 400, 404/1003, 409 */
  createContainer(databaseId: string, body: unknown): StoredContainer {
    const database = this.#owner(databaseId);
    const definition = parseContainerDefinition(body);
    if (database.containers.has(definition.id)) throw conflict();
    const numbers = { database: database.number, container: ++this.#lastNumber };
    const rid = containerRid(numbers.database, numbers.container);
    const self = `dbs/${databaseRid(database.number)}/colls/${rid}/`;
    const container = new Container(definition, rid, self, numbers, this.#settings);
    const stored = { container, document: this.#describe(container) };
    database.containers.set(definition.id, stored);
    return stored;
  }

  /** @throws ProtocolError 404 */
  storedContainer(databaseId: string, id: string): StoredContainer {
    const found = this.#owner(databaseId).containers.get(id);
    if (found === undefined) throw notFound();
    return found;
  }

  /** For what is inside it. @throws ProtocolError 404/1003 */
  container(databaseId: string, id: string): Container {
    const found = this.#owner(databaseId).containers.get(id);
    if (found === undefined) throw ownerNotFound();
    return found.container;
  }

  /** @throws ProtocolError 400, 404 */
  replaceContainer(databaseId: string, id: string, body: unknown): Document {
    const stored = this.storedContainer(databaseId, id);
    const definition = parseContainerDefinition(body);
    for (const fixed of ['id', 'partitionKey', 'uniqueKeyPolicy'] as const) {
      if (JSON.stringify(definition[fixed]) !== JSON.stringify(stored.container.definition[fixed]))
        throw badRequest(`The ${fixed} of a container cannot be changed.`);
    }
    stored.container.definition = definition;
    stored.document = this.#describe(stored.container);
    return stored.document;
  }

  /** @throws ProtocolError 404 */
  deleteContainer(databaseId: string, id: string): void {
    this.storedContainer(databaseId, id);
    this.#owner(databaseId).containers.delete(id);
  }

  #owner(id: string): StoredDatabase {
    const found = this.databases.get(id);
    if (found === undefined) throw ownerNotFound();
    return found;
  }

  #describe({ definition, rid, self }: Container): Document {
    return {
      ...definition,
      geospatialConfig: { type: 'Geography' },
      conflictResolutionPolicy: {
        mode: 'LastWriterWins',
        conflictResolutionPath: '/_ts',
        conflictResolutionProcedure: '',
      },
      ...this.#stamp(rid, self),
      _docs: 'docs/',
      _sprocs: 'sprocs/',
      _triggers: 'triggers/',
      _udfs: 'udfs/',
      _conflicts: 'conflicts/',
    };
  }

  #stamp(rid: string, self: string): Document {
    return {
      _rid: rid,
      _self: self,
      _etag: newEtag(),
      _ts: Math.floor(this.#settings.clock.now() / 1000),
    };
  }
}
