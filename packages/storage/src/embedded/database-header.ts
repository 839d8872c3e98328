import { open } from 'node:fs/promises';

/** What the first page of a database says, read without SQLite, which would write into the folder. */
export type DatabaseHeader =
  | { readonly kind: 'absent' }
  | { readonly kind: 'other' }
  | {
      readonly kind: 'sqlite';
      readonly applicationId: number;
      readonly formatVersion: number;
      readonly isWriteAhead: boolean;
      readonly bytes: number;
    };

const magic = 'SQLite format 3\0';
/** https://www.sqlite.org/fileformat.html#the_database_header */
const offsets = { writeVersion: 18, userVersion: 60, applicationId: 68, end: 100 };

/**
 * Not while this process has the database open: closing a file here takes away every lock on it.
 * @throws what the file system says, but for a file that is not there
 */
export async function readDatabaseHeader(file: string): Promise<DatabaseHeader> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(offsets.end), 0, offsets.end, 0);
    if (size === 0) return { kind: 'absent' };
    if (bytesRead < offsets.end || buffer.toString('latin1', 0, magic.length) !== magic)
      return { kind: 'other' };
    return {
      kind: 'sqlite',
      applicationId: buffer.readUInt32BE(offsets.applicationId),
      formatVersion: buffer.readUInt32BE(offsets.userVersion),
      isWriteAhead: buffer[offsets.writeVersion] === 2,
      bytes: size,
    };
  } finally {
    await handle.close();
  }
}
