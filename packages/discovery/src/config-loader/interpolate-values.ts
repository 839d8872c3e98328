import { numericFields } from '../metadata/actor-metadata-schema.js';
import { type Environment, interpolate } from './interpolate.js';

export interface InterpolatedValues {
  readonly values: unknown;
  readonly problems: readonly { readonly path: readonly string[]; readonly message: string }[];
  /** The variables that are part of the value at a path. */
  readonly namesAt: (path: readonly string[]) => readonly string[];
}

/** A few kilobytes of YAML with anchors can stand for more values than fit into memory. */
const maxValues = 100_000;
const maxLevels = 100;

/** Replaces variables in every text of a document, at any depth. Keys are left as they are. */
export function interpolateValues(values: unknown, environment: Environment): InterpolatedValues {
  const namesByPath = new Map<string, readonly string[]>();
  const problems: { path: readonly string[]; message: string }[] = [];
  let count = 0;
  let tooDeep: readonly string[] | undefined;
  const visit = (value: unknown, path: readonly string[]): unknown => {
    count += 1;
    if (path.length > maxLevels) tooDeep ??= path.slice(0, 2);
    if (count > maxValues || path.length > maxLevels) return undefined;
    if (typeof value === 'string') {
      const found = interpolate(value, environment);
      if ('problem' in found) {
        problems.push({ path, message: found.problem });
        return value;
      }
      if (found.names.length === 0) return found.text;
      namesByPath.set(path.join('\0'), found.names);
      return asNumberWhereOneIsMeant(found.text, path);
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, String(index)]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, visit(child, [...path, key])]),
    );
  };
  const replaced = visit(values, []);
  if (count > maxValues)
    problems.push({ path: [], message: `holds more than ${maxValues} values. Use fewer aliases.` });
  return { values: replaced, problems, namesAt: (path) => namesByPath.get(path.join('\0')) ?? [] };
}

/** The environment has only text: what is meant is decided by the field, never by how the text looks. */
function asNumberWhereOneIsMeant(text: string, path: readonly string[]): unknown {
  const isNumeric = numericFields.includes(path.slice(-2).join('.')) && !path.includes('examples');
  return isNumeric && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text.trim()) ? Number(text) : text;
}
