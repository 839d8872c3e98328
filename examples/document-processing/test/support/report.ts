import type { AuditReport } from '../../src/report/audit-report.ts';
import { auditWithoutLoom } from './drive.ts';
import { folderWith, manifest } from './folders.ts';
import { shipped } from './spdx.ts';

/** A small audit with one of everything. */
export async function smallReport(): Promise<AuditReport> {
  const folder = folderWith({
    'node_modules/agrees/package.json': manifest('agrees', 'MIT'),
    'node_modules/agrees/LICENSE': shipped('MIT', 'Copyright (c) 2011-2014 Ada Lovelace'),
    'node_modules/copy/package.json': manifest('copy', 'MIT'),
    'node_modules/copy/LICENSE': shipped('MIT'),
    'node_modules/agrees/node_modules/copy/package.json': manifest('copy', 'MIT'),
    'node_modules/agrees/node_modules/copy/LICENSE': shipped('MIT'),
    'node_modules/differs/package.json': manifest('differs', 'MIT'),
    'node_modules/differs/LICENSE': shipped('ISC'),
    'node_modules/changed/package.json': manifest('changed', 'MIT'),
    'node_modules/changed/LICENSE': shipped('MIT').replace(
      'free of charge,',
      'free of charge for noncommercial use,',
    ),
    'node_modules/bundles/package.json': manifest('bundles', 'MIT'),
    'node_modules/bundles/LICENSE': `${shipped('MIT')}\n\n# Bundled dependencies\n\n## x\n\n${shipped('ISC')}`,
    'node_modules/legacy/package.json': manifest('legacy', { type: 'BSD-3-Clause' }),
    'node_modules/legacy/LICENSE': shipped('BSD-3-Clause'),
    'node_modules/none/package.json': manifest('none'),
    'node_modules/no-text/package.json': manifest('no-text', 'Apache-2.0'),
    'node_modules/broken/package.json': '{',
    'node_modules/broken/LICENSE': shipped('ISC'),
  });
  return auditWithoutLoom(folder);
}

/** An audit of packages whose names, fields and texts try to become markup. */
export async function hostileReport(): Promise<AuditReport> {
  const attack = `<script>alert(1)</script><img src=x onerror=alert(2)>"'|\`*[x](javascript:alert(3))\n# h`;
  const folder = folderWith({
    'node_modules/a/package.json': JSON.stringify({ name: attack, version: attack, license: attack }),
    'node_modules/a/LICENSE': `Copyright (c) 2020 ${attack.split('\n')[0]}\n\n${attack}\n\n${'These are terms that nobody has seen before. '.repeat(4)}${attack}`,
    'node_modules/b/package.json': JSON.stringify({
      name: '</title><svg onload=alert(4)>',
      version: '1.0.0',
      license: 'ISC',
    }),
    'node_modules/b/LICENSE': shipped('MIT', 'Copyright (c) 2020 Ada <b onclick=alert(5)>Lovelace</b>'),
    'node_modules/c <i>/package.json': '<i>',
  });
  return auditWithoutLoom(folder);
}
