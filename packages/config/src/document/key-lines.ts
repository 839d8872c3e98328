import type * as yaml from 'js-yaml';

/** The line of the key at a path, or of the closest key above it; counts from 1. */
export type LineOf = (path: readonly string[]) => number | undefined;

interface Frame {
  readonly path: readonly string[];
  readonly isMapping: boolean;
  /** The key that waits for its value. */
  key: string | undefined;
}

/** Where each key of a parsed document stands, so that a message about a value can name its line. */
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
    if (parent?.isMapping) {
      const { key } = parent;
      path = [...parent.path, key ?? ''];
      if (key === undefined && event.type === js.EVENT_ID.SCALAR) {
        parent.key = js.getScalarValue(source, event);
        offsets.set(idOf([...parent.path, parent.key]), event.valueStart);
        continue;
      }
      // A key that is an alias cannot be a setting: it only keeps the pairs in step.
      parent.key = key === undefined ? '' : undefined;
    }
    const isMapping = event.type === js.EVENT_ID.MAPPING;
    const opens = isMapping || event.type === js.EVENT_ID.SEQUENCE || event.type === js.EVENT_ID.DOCUMENT;
    if (opens) frames.push({ path, isMapping, key: undefined });
  }
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = offsets.get(idOf(path.slice(0, length)));
      if (offset !== undefined) return source.slice(0, offset).split(/\r\n|\r|\n/).length;
    }
    return undefined;
  };
}

function idOf(path: readonly string[]): string {
  return path.join('\0');
}
