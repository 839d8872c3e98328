/** Source of identifiers: unique across processes, and ordered by creation time when compared as text. */
export interface IdSource {
  next(): string;
}
