import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder from `start` upwards that is the root of a workspace; else the nearest with a package.json; else `start`. */
export function findWorkspace(start: string): string {
  const folders = upwards(start);
  return (
    folders.find(isWorkspaceRoot) ??
    folders.find((folder) => existsSync(join(folder, 'package.json'))) ??
    start
  );
}

function upwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function isWorkspaceRoot(folder: string): boolean {
  if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return true;
  try {
    return 'workspaces' in (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object);
  } catch {
    return false;
  }
}
