// The published JavaScript of one package, by tsup.
import { join } from 'node:path';
import { entriesOf } from './entries.mjs';

/** @param {import('../lib/packages.mjs').Package} built */
export async function buildJavaScript(built) {
  const { build } = await import('tsup');
  await build({
    config: false,
    entry: entriesOf(built),
    outDir: join(built.path, 'dist'),
    tsconfig: join(built.path, 'tsconfig.build.json'),
    format: 'esm',
    target: 'node20.19',
    platform: 'node',
    sourcemap: true,
    // Keeps a dynamic import a file of its own, so that a driver is loaded only by who uses it.
    splitting: true,
    // Every dependency stays an import, also the optional ones.
    skipNodeModulesBundle: true,
    // `node:sqlite` and others exist only under their full name.
    removeNodeProtocol: false,
    // `src` is published beside `dist`.
    esbuildOptions: (options) => void (options.sourcesContent = false),
    silent: true,
  });
}
