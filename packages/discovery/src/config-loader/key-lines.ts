import type * as yaml from 'js-yaml';

/** The line of the key or list entry at a path, or of the closest one above it; counts from 1. */
export type LineOf = (path: readonly string[]) => number | undefined;

interface Frame {
  readonly path: readonly string[];
  readonly kind: 'document' | 'mapping' | 'sequence';
  /** The key that waits for its value. */
  key: string | undefined;
  entries: number;
}

/** Where each key and each list entry of a parsed document stands, so that a message can name its line. */
export function keyLines(events: readonly yaml.Event[], source: string, js: typeof yaml): LineOf {
  const offsets = new Map<string, number>();
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === js.EVENT_ID.POP) {
      frames.pop();
      continue;
    }
    const parent = frames.at(-1);
    let path: readonly string[] = parent?.path ?? [];
    if (parent?.kind === 'mapping') {
      const { key } = parent;
      path = [...parent.path, key ?? ''];
      if (key === undefined && event.type === js.EVENT_ID.SCALAR) {
        parent.key = js.getScalarValue(source, event);
        offsets.set(idOf([...parent.path, parent.key]), event.valueStart);
        continue;
      }
      // A key that is an alias cannot be a field: it only keeps the pairs in step.
      parent.key = key === undefined ? '' : undefined;
    } else if (parent?.kind === 'sequence') {
      path = [...parent.path, String(parent.entries)];
      parent.entries += 1;
    }
    const start = startOf(event);
    if (start !== undefined && !offsets.has(idOf(path))) offsets.set(idOf(path), start);
    const kind = kindOf(event, js);
    if (kind) frames.push({ path, kind, key: undefined, entries: 0 });
  }
  return (path) => {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = offsets.get(idOf(path.slice(0, length)));
      if (offset !== undefined) return source.slice(0, offset).split(/\r\n|\r|\n/).length;
    }
    return undefined;
  };
}

function startOf(event: yaml.Event): number | undefined {
  if ('valueStart' in event) return event.valueStart;
  return 'start' in event ? event.start : undefined;
}

function kindOf(event: yaml.Event, js: typeof yaml): Frame['kind'] | undefined {
  switch (event.type) {
    case js.EVENT_ID.DOCUMENT:
      return 'document';
    case js.EVENT_ID.MAPPING:
      return 'mapping';
    case js.EVENT_ID.SEQUENCE:
      return 'sequence';
    default:
      return undefined;
  }
}

function idOf(path: readonly string[]): string {
  return path.join('\0');
}
