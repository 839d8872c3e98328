import type { Cell } from './cell.js';

/** The children of one parent, or the actors of one registered type. Links live in the cells. */
export class Siblings {
  readonly parent: Cell | undefined;
  /** For those without a parent: the first part of their paths. */
  readonly #root: string;
  first: Cell | undefined = undefined;
  size = 0;
  #names: Map<string, Cell> | undefined = undefined;

  constructor(parent: Cell | undefined, root = '') {
    this.parent = parent;
    this.#root = root;
  }

  get path(): string {
    return this.parent?.path ?? this.#root;
  }

  named(name: string): Cell | undefined {
    return this.#names?.get(name);
  }

  add(cell: Cell): void {
    cell.next = this.first;
    if (this.first) this.first.previous = cell;
    this.first = cell;
    this.size++;
    if (cell.name !== undefined) (this.#names ??= new Map()).set(cell.name, cell);
  }

  remove(cell: Cell): void {
    if (cell.previous) cell.previous.next = cell.next;
    else if (this.first === cell) this.first = cell.next;
    else return;
    if (cell.next) cell.next.previous = cell.previous;
    cell.previous = cell.next = undefined;
    this.size--;
    if (cell.name !== undefined) this.#names?.delete(cell.name);
  }

  /** Oldest first. A copy: what is done to one may remove it. */
  all(): Cell[] {
    const cells: Cell[] = [];
    for (let cell = this.first; cell; cell = cell.next) cells.push(cell);
    return cells.reverse();
  }
}
