import type { Cell } from './cell.js';

/** The children of one parent, or the actors of one registered type. */
export class Siblings {
  readonly parent: Cell | undefined;
  /** For those without a parent: the first part of their paths. */
  readonly #root: string;
  readonly #cells = new Set<Cell>();
  #names: Map<string, Cell> | undefined;

  constructor(parent: Cell | undefined, root = '') {
    this.parent = parent;
    this.#root = root;
  }

  get path(): string {
    return this.parent?.path ?? this.#root;
  }

  get size(): number {
    return this.#cells.size;
  }

  named(name: string): Cell | undefined {
    return this.#names?.get(name);
  }

  add(cell: Cell): void {
    this.#cells.add(cell);
    if (cell.name !== undefined) (this.#names ??= new Map()).set(cell.name, cell);
  }

  remove(cell: Cell): void {
    if (this.#cells.delete(cell) && cell.name !== undefined) this.#names?.delete(cell.name);
  }

  /** Oldest first. A copy: what is done to one may remove it. */
  all(): Cell[] {
    return [...this.#cells];
  }
}
