import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { Environment } from '../layers/environment-layers.js';

/** Far above any key or certificate; protects from a path that leads to a disk or a log. */
const maxSecretBytes = 64 * 1024;

/** The secret, and how it was referred to; or what is wrong, as the second half of a sentence about the setting. */
export type SecretOutcome =
  | { readonly text: string; readonly reference?: string | undefined }
  | { readonly failure: string };

/**
 * The secret that `env:NAME` or `file:/path` stands for; any other text stands for itself. What is found is
 * taken literally, even if it looks like a reference. One line break at the end of a file is left out.
 * @param folder - where a relative path starts from; `undefined` when that is unknown
 */
export async function followReference(
  given: string,
  env: Environment,
  folder: string | undefined,
): Promise<SecretOutcome> {
  const [, kind, target = ''] = /^(env|file):(.*)$/s.exec(given) ?? [];
  if (kind === undefined) return { text: given };
  if (kind === 'file') return fromFile(given, target.replace(/^\/\/(?=\/)/, ''), folder);
  if (!/^[A-Za-z_]\w*$/.test(target)) {
    return { failure: 'starts with "env:" and names no variable. Give env:NAME. Its value is not shown.' };
  }
  const text = Object.hasOwn(env, target) ? env[target] : undefined;
  if (text) return { text, reference: given };
  const state = text === undefined ? 'not set' : 'empty';
  return { failure: `refers to the environment variable ${target}, which is ${state}. Set it.` };
}

async function fromFile(reference: string, path: string, folder: string | undefined): Promise<SecretOutcome> {
  const fail = (text: string): SecretOutcome => ({ failure: `refers to the file ${path}, ${text}` });
  if (folder === undefined && !isAbsolute(path)) {
    return fail('a relative path from a folder that is unknown. Give an absolute path.');
  }
  try {
    const file = resolve(folder ?? '/', path);
    const stats = await stat(file);
    if (!stats.isFile()) return fail('which is a folder or a device. Name the file itself.');
    if (stats.size > maxSecretBytes) return fail(`which is too large for a secret: ${stats.size} bytes.`);
    const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    return text === '' ? fail('which is empty.') : { text, reference };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return fail(code === 'ENOENT' ? 'which does not exist.' : `which could not be read (${code}).`);
  }
}
