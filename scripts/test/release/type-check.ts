// A strict type check in a consumer's folder: of programs, and of every declaration that they bring in.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from '../../lib/paths.mjs';
import { capture } from '../../lib/run.mjs';

/** How users resolve modules; `bundler` is what most application templates set. */
export type Resolution = 'nodenext' | 'bundler';

/** The TypeScript versions that the published types are for. */
const compilers = {
  'TypeScript 5.9': tool('typescript5/bin/tsc'),
  'TypeScript 6': tool('typescript/bin/tsc'),
  'TypeScript 7': tool('typescript7/bin/tsc'),
} as const;

export type CompilerName = keyof typeof compilers;

export const compilerNames = Object.keys(compilers) as CompilerName[];

const moduleOptions = {
  nodenext: { module: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
} as const;

export interface TypeCheck {
  /** Where Loom is installed, with the programs beside it. */
  readonly folder: string;
  readonly files: readonly string[];
  readonly compiler: CompilerName;
  readonly resolution: Resolution;
  readonly nodeTypes: boolean;
}

/** @returns what the compiler complains about, a line each */
export async function typeCheck({
  folder,
  files,
  compiler,
  resolution,
  nodeTypes,
}: TypeCheck): Promise<readonly string[]> {
  const config = join(
    folder,
    `tsconfig.${[compiler, resolution, nodeTypes].join('-').replaceAll(' ', '-')}.json`,
  );
  const compilerOptions = {
    ...moduleOptions[resolution],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    resolveJsonModule: true,
    // With them, as after `npm install --save-dev @types/node`.
    types: nodeTypes ? ['node'] : [],
    typeRoots: [tool('@types')],
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }, null, 2));
  const { ok, output } = await capture(
    process.execPath,
    [compilers[compiler], '-p', config, '--pretty', 'false'],
    { cwd: folder },
  );
  const complaints = output.split('\n').filter((line) => line.includes('error TS'));
  return ok || complaints.length > 0 ? complaints : [output];
}
