/** An item or definition as JSON: never changed once stored. */
export type Document = Readonly<Record<string, unknown>>;

/** Written by the service; what a client sends in them is dropped. */
export const systemProperties: readonly string[] = ['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn'];

export function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param path - as in a container's definition: `/address/city`, `/"address"/"city"` */
export function valueAt(document: Document, path: string): unknown {
  let value: unknown = document;
  for (const part of path.slice(1).split('/')) {
    const name = part.replaceAll('"', '');
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** UTF-8 bytes of its JSON text. */
export function byteLength(document: Document): number {
  return Buffer.byteLength(JSON.stringify(document));
}
