// `node scripts/use-registry.mjs private|github|azure|none`: the registry that @certoai packages come from, in .npmrc.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/paths.mjs';
import { registryKinds, withRegistry } from './registry/npmrc.mjs';

const file = join(root, '.npmrc');
const kinds = [...registryKinds, /** @type {const} */ ('none')];
const kind = kinds.find((name) => name === process.argv[2]);
if (kind === undefined) {
  console.error(`Say which registry: node scripts/use-registry.mjs ${kinds.join('|')}`);
  process.exit(1);
}
try {
  writeFileSync(file, withRegistry(readFileSync(file, 'utf8'), kind, process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
