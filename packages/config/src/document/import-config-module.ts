import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ConfigError, invalidConfig } from '../config-error.js';
import { place } from '../layers/origin.js';

/** The version of each file that was imported by its plain address, which Node keeps for good. */
const firstVersions = new Map<string, number>();

/**
 * The default export of a JavaScript or TypeScript file.
 * @param version - anything that changes when the file does, so that an edited file is imported anew
 * @throws ConfigError `LOOM_INVALID_CONFIG` when it cannot be imported, or exports nothing by default
 */
export async function importConfigModule(
  file: string,
  version: number,
  cwd: string | undefined,
): Promise<unknown> {
  let exported: unknown;
  try {
    const { href } = pathToFileURL(file);
    // Only when it is needed: loaders that go by the end of an address do not expect a query.
    const query = (firstVersions.get(file) ?? version) === version ? '' : `?version=${version}`;
    firstVersions.set(file, firstVersions.get(file) ?? version);
    const module = (await import(href + query)) as { readonly default?: unknown };
    exported = await module.default;
  } catch (cause) {
    throw explainImportFailure(file, cause instanceof Error ? cause : new Error(String(cause)), cwd);
  }
  // TypeScript compiled to CommonJS arrives wrapped once more.
  const values = isWrapped(exported) ? exported.default : exported;
  if (values !== undefined) return values;
  const message = `${place(file, undefined, cwd)} has no default export. Write: export default defineConfig({ … })`;
  throw invalidConfig({ kind: 'unreadable-file', origin: { layer: 'file', file }, message });
}

/** Says what to do when Node cannot import the file. */
export function explainImportFailure(file: string, cause: Error, cwd: string | undefined): ConfigError {
  const fail = (text: string, options?: ErrorOptions): ConfigError => {
    const message = `${place(file, undefined, cwd)} ${text}`;
    return invalidConfig({ kind: 'unreadable-file', origin: { layer: 'file', file }, message }, options);
  };
  const { name, message, code }: NodeJS.ErrnoException = cause;
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /^\.[cm]?ts$/.test(extname(file))) {
    return fail(
      `is TypeScript, which Node ${process.version} does not import by itself. Use Node 22.18 or newer, ` +
        'or start with a loader (node --import tsx …), or write loom.config.mjs or loom.config.yaml.',
    );
  }
  // Without `cause` and its message: both quote the source, which may hold a password.
  if (name === 'SyntaxError') return fail(`is not valid code. To see where, run: node --check ${file}`);
  return fail(`could not be imported: ${message}`, { cause });
}

function isWrapped(value: unknown): value is { readonly default: unknown } {
  return typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
}
