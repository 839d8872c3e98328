import { join } from 'node:path';
import { declaredLicence } from '../declared/declared-licence.ts';
import type { FieldFinding } from '../judge/findings.ts';
import { aboutFile, NotReadable } from '../read/not-readable.ts';
import type { SectionRef } from '../read/read-sections.ts';
import { readText } from '../read/read-text.ts';

/** What package.json says. @throws NotReadable when it is no JSON object */
export async function fieldParser({ packageId, path, file }: SectionRef): Promise<FieldFinding> {
  const where = `${packageId}/${file}`;
  const text = await readText(join(path, file)).catch((error: unknown) => {
    throw aboutFile(where, error);
  });
  const manifest = parse(text, where);
  const { name, version } = manifest;
  return {
    finding: 'field',
    packageId,
    name: typeof name === 'string' ? name.slice(0, 214) : '',
    version: typeof version === 'string' ? version.slice(0, 100) : '',
    declared: declaredLicence(manifest),
  };
}

function parse(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new NotReadable(`${where}: It is not JSON. ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new NotReadable(`${where}: It is JSON, but not an object.`);
}
