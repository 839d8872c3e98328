// An empty folder into which a user installs Loom.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../lib/paths.mjs';
import { type InstallName, type Sample, installs, samples } from './samples.ts';
import { shell } from './shell.ts';
import { type CompilerName, type Resolution, typeCheck } from './type-check.ts';

export class Consumer {
  readonly #name: InstallName;
  readonly #folder: string;
  readonly #checks = new Map<string, Promise<readonly string[]>>();

  private constructor(name: InstallName, folder: string) {
    this.#name = name;
    this.#folder = folder;
  }

  /** Loom comes from `registry`, everything else from where this machine gets it. */
  static async install(name: InstallName, folder: string, registry: string): Promise<Consumer> {
    mkdirSync(folder, { recursive: true });
    cpSync(join(root, 'scripts/test/seed-samples'), folder, { recursive: true });
    writeFileSync(join(folder, '.npmrc'), `@certoai:registry=${registry}\n`);
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
    await shell(folder, 'npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...installs[name]]);
    return new Consumer(name, folder);
  }

  /** The names that an ESM `import` of `specifier` gives. */
  async import(specifier: string): Promise<readonly string[]> {
    const program = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)}))))`;
    return this.#run('--input-type=module', program);
  }

  /** The names that a CommonJS `require` of `specifier` gives. */
  async require(specifier: string): Promise<readonly string[]> {
    const program = `console.log(JSON.stringify(Object.keys(require(${JSON.stringify(specifier)}))))`;
    return this.#run('--input-type=commonjs', program);
  }

  /**
   * What a type check of a sample complains about: in the sample, or in the declarations of what is installed.
   * Samples that are checked alike are checked by one run of the compiler.
   */
  async complaints(
    sample: Sample,
    compiler: CompilerName,
    resolution: Resolution,
  ): Promise<readonly string[]> {
    const { nodeTypes = false } = sample;
    const alike = samples
      .filter((other) => other.install === this.#name && (other.nodeTypes ?? false) === nodeTypes)
      .filter(({ resolutions }) => resolutions[compiler]?.includes(resolution))
      .map(({ file }) => file);
    const key = `${compiler} ${resolution} ${nodeTypes}`;
    const check =
      this.#checks.get(key) ??
      typeCheck({ folder: this.#folder, files: alike, compiler, resolution, nodeTypes });
    this.#checks.set(key, check);
    const others = alike.filter((file) => file !== sample.file);
    return (await check).filter((line) => !others.some((file) => line.startsWith(`${file}(`)));
  }

  async #run(inputType: string, program: string): Promise<readonly string[]> {
    const output = await shell(this.#folder, process.execPath, [
      '--no-warnings',
      inputType,
      '--eval',
      program,
    ]);
    return JSON.parse(output) as readonly string[];
  }
}
