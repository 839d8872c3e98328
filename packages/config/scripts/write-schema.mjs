// Run after the build: writes what is made from the zod schema, where it differs from what is there.
import { readFileSync, writeFileSync } from 'node:fs';
import { configTypes, jsonSchemaText, settingsTable } from './schema-artifacts.mjs';

const { ConfigSchema, describeSettings } = /** @type {import('./schema-artifacts.mjs').ConfigPackage} */ (
  await import(new URL('../dist/index.js', import.meta.url).href)
);
const settings = await describeSettings();
write('config.schema.json', jsonSchemaText(ConfigSchema));
write('src/schema/loom-config.ts', configTypes(ConfigSchema, settings));
const table = `<!-- settings -->\n${settingsTable(settings)}\n<!-- /settings -->`;
write(
  'README.md',
  read('README.md').replace(/<!-- settings -->[^]*<!-- \/settings -->/, () => table),
);

/** @param {string} name */
function read(name) {
  try {
    return readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} name @param {string} text */
function write(name, text) {
  if (read(name) !== text) writeFileSync(new URL(`../${name}`, import.meta.url), text);
}
