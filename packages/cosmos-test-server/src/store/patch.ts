import { badRequest, notImplemented } from '../protocol-error.js';
import { isObject, systemProperties } from './document.js';
import type { Document } from './document.js';

/** https://learn.microsoft.com/azure/cosmos-db/partial-document-update */
export interface Patch {
  /** What follows `SELECT * `: `from c where c.state = "open"`. */
  readonly condition: string | undefined;
  readonly operations: readonly PatchOperation[];
}

interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

const maxOperations = 10;

/** @throws ProtocolError 400 */
export function parsePatch(body: unknown): Patch {
  const operations: unknown = isObject(body) ? body['operations'] : body;
  const condition = isObject(body) ? body['condition'] : undefined;
  if (!Array.isArray(operations) || operations.length === 0 || !operations.every(isObject))
    throw badRequest('Invalid patch request: check syntax of patch specification.');
  if (operations.length > maxOperations)
    throw badRequest(`The number of patch operations can't exceed ${maxOperations}.`);
  if (condition !== undefined && typeof condition !== 'string')
    throw badRequest('Invalid patch request: the condition is not text.');
  return { condition, operations: operations as unknown as readonly PatchOperation[] };
}

/** @returns a new document @throws ProtocolError 400 naming the operation that cannot be made */
export function applyPatch(document: Document, { operations }: Patch): Document {
  const copy: Record<string, unknown> = structuredClone(document);
  operations.forEach((operation, i) => applyOne(copy, operation, i + 1));
  return copy;
}

type Parent = Record<string, unknown> | unknown[];

function applyOne(document: Parent, { op, path, from, value }: PatchOperation, number: number): void {
  const refuse = (why: string): Error => badRequest(`For Operation(${number}): ${why}`);
  const place = findPlace(document, path, refuse);
  switch (op) {
    case 'add':
      return add(place, value, refuse);
    case 'set':
      if (Array.isArray(place.parent) && place.name !== '-' && has(place))
        place.parent[Number(place.name)] = value;
      else add(place, value, refuse);
      return;
    case 'replace':
      if (!has(place)) throw refuse('The path to be replaced does not exist.');
      return assign(place, value);
    case 'remove':
      return remove(place, refuse);
    case 'incr': {
      if (typeof value !== 'number') throw refuse('The increment value must be a number.');
      const old = has(place) ? read(place) : 0;
      if (typeof old !== 'number') throw refuse('The value to be incremented is not a number.');
      return assign(place, old + value);
    }
    case 'move': {
      const source = findPlace(document, from, refuse);
      const moved = has(source) ? read(source) : undefined;
      remove(source, refuse);
      return add(findPlace(document, path, refuse), moved, refuse);
    }
    default:
      throw notImplemented(`the patch operation "${op}"`);
  }
}

interface Place {
  readonly parent: Parent;
  /** Of a property, or a position in an array; `-` for the end of one. */
  readonly name: string;
}

type Refuse = (why: string) => Error;

/** JSON pointer (RFC 6901) to a place whose parent exists. */
function findPlace(document: Parent, pointer: unknown, refuse: Refuse): Place {
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) throw refuse('Invalid path.');
  const names = pointer
    .slice(1)
    .split('/')
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (systemProperties.includes(names[0] ?? '')) throw refuse(`System property ${names[0]} is read only.`);
  let parent: Parent = document;
  for (const name of names.slice(0, -1)) {
    const place = { parent, name };
    const next: unknown = has(place) ? read(place) : undefined;
    if (!isObject(next) && !Array.isArray(next)) throw refuse('The parent path does not exist.');
    parent = next as Parent;
  }
  return { parent, name: names.at(-1) ?? '' };
}

function has({ parent, name }: Place): boolean {
  if (Array.isArray(parent)) return /^\d+$/.test(name) && Number(name) < parent.length;
  return Object.hasOwn(parent, name);
}

function read({ parent, name }: Place): unknown {
  return Array.isArray(parent) ? parent[Number(name)] : parent[name];
}

function assign({ parent, name }: Place, value: unknown): void {
  if (!Array.isArray(parent)) parent[name] = value;
  else parent[Number(name)] = value;
}

function add(place: Place, value: unknown, refuse: Refuse): void {
  const { parent, name } = place;
  if (value === undefined) throw refuse('The value is missing.');
  if (!Array.isArray(parent)) return assign(place, value);
  if (name === '-') return void parent.push(value);
  if (!/^\d+$/.test(name) || Number(name) > parent.length) throw refuse('Index is out of array bounds.');
  parent.splice(Number(name), 0, value);
}

function remove(place: Place, refuse: Refuse): void {
  const { parent, name } = place;
  if (!has(place)) throw refuse(`The path "${name}" to be removed does not exist.`);
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete parent[name];
}
