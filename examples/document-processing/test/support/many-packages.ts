import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { folderWith, manifest } from './folders.ts';
import { shipped } from './spdx.ts';

const ids = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'MPL-2.0',
  'Unlicense',
] as const;

/** A folder with `number` installed packages: most in order, some not, three broken. */
export function folderWithPackages(number: number): string {
  const files: Record<string, string | Uint8Array> = {};
  for (let at = 0; at < number; at += 1) {
    const name = `package-${String(at).padStart(3, '0')}`;
    const id = ids[at % ids.length] ?? 'MIT';
    const folder = `node_modules/${name}`;
    files[`${folder}/package.json`] = manifest(name, at % 17 === 5 ? 'Zlib' : id);
    files[`${folder}/README.md`] = `# ${name}\n\n## License\n\n${id} © Ada`;
    if (at % 13 === 7) continue;
    const second = at % 19 === 3 ? `\n\n# Bundled dependencies\n\n## x\n\n${shipped('BSD-2-Clause')}` : '';
    files[`${folder}/LICENSE`] =
      `${shipped(id, `Copyright (c) ${2000 + (at % 25)} Company ${at % 40}`)}${second}`;
  }
  files['node_modules/broken/package.json'] = '{ "name": ';
  files['node_modules/broken/LICENSE'] = shipped('MIT');
  files['node_modules/picture/package.json'] = manifest('picture', 'MIT');
  files['node_modules/picture/LICENSE'] = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0]);
  files['node_modules/dangling/package.json'] = manifest('dangling', 'MIT');
  const folder = folderWith(files);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'node_modules/dangling/LICENSE'));
  return folder;
}
