import { isAbsolute, relative } from 'node:path';

/** Where a value comes from. `line` counts from 1. */
export type Origin =
  | { readonly layer: 'default' }
  | { readonly layer: 'file'; readonly file: string; readonly line?: number | undefined }
  | {
      readonly layer: 'profile';
      readonly profile: string;
      readonly file?: string | undefined;
      readonly line?: number | undefined;
    }
  | { readonly layer: 'environment'; readonly variable: string }
  /** An object passed to `loadConfig` or `resolveConfig`. */
  | { readonly layer: 'code' };

/** One source of values, lowest first: defaults, file, profile, environment, overrides. */
export interface Layer {
  /** Blocks of settings by name, unchecked. */
  readonly values: unknown;
  /** Where the value at `path` was given, or the closest thing known. */
  readonly originOf: (path: readonly string[]) => Origin;
  /** The folder that a relative path in this layer starts from; `undefined` when it is unknown. */
  readonly folder: string | undefined;
}

/** `loom.config.yaml:4`, `profile production (loom.config.yaml:9)`, `REDIS_URL`, `code` or `default`. */
export function describeOrigin(origin: Origin, cwd: string | undefined): string {
  switch (origin.layer) {
    case 'file':
      return place(origin.file, origin.line, cwd);
    case 'profile': {
      const where = origin.file === undefined ? 'code' : place(origin.file, origin.line, cwd);
      return `profile ${origin.profile} (${where})`;
    }
    case 'environment':
      return origin.variable;
    case 'code':
    case 'default':
      return origin.layer;
  }
}

/** A file as a reader finds it: relative when it lies below `cwd`, absolute otherwise. */
export function place(file: string, line: number | undefined, cwd: string | undefined): string {
  const near = cwd === undefined ? file : relative(cwd, file);
  const shown = near === '' || near.startsWith('..') || isAbsolute(near) ? file : near;
  return line === undefined ? shown : `${shown}:${line}`;
}
