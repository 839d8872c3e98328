import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import typescript from 'typescript';
import type { TempFolder } from './temp-folder.js';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const installed = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** Compiles the package into `folder`, with some of what it depends on, so that Node can run it without any loader. */
export function compileInto(folder: TempFolder, dependencies: readonly ('zod' | 'js-yaml')[]): void {
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!statSync(join(source, name)).isFile()) continue;
    const { outputText } = typescript.transpileModule(readFileSync(join(source, name), 'utf8'), {
      compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 },
    });
    folder.write(join('package', name.replace(/\.ts$/, '.js')), outputText);
  }
  folder.write('package/package.json', '{ "type": "module" }');
  mkdirSync(join(folder.path, 'package/node_modules'));
  for (const name of dependencies) {
    symlinkSync(join(installed, name), join(folder.path, 'package/node_modules', name), 'dir');
  }
}

/** Runs a program in a Node of its own. It finds the package as `./package/index.js`. */
export function runInNode(folder: TempFolder, program: string): string {
  const file = folder.write('program.mjs', program);
  return finish(spawnSync(process.execPath, [file], { ...options, cwd: folder.path }));
}

/** The same, started in a folder that is deleted before Node is there. */
export function runInDeletedFolder(folder: TempFolder, program: string): string {
  const gone = join(folder.path, 'gone');
  mkdirSync(gone);
  const script = 'cd "$1" && rmdir "$1" && exec "$2" "$3"';
  const file = folder.write('program.mjs', program);
  return finish(spawnSync('sh', ['-c', script, 'sh', gone, process.execPath, file], options));
}

const options = { encoding: 'utf8', env: {} } as const;

function finish({ stdout, stderr, status }: SpawnSyncReturns<string>): string {
  if (status !== 0) throw new Error(`Exit code ${status}\n${stderr}`);
  return stdout + stderr;
}
