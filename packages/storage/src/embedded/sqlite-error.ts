import { LoomError, isLoomError } from '@certoai/loom-core';
import type { LoomErrorCode } from '@certoai/loom-core';

/** Result codes; https://www.sqlite.org/rescode.html */
const busy = 5;
const corrupt = 11;
const full = 13;
const notADatabase = 26;
/** The file ends within a page, or where its header says that there is one. */
const shortRead = 522;

/** What a driver threw, as Loom says it. Errors of Loom pass through. */
export function translateSqliteError(error: unknown, folder: string): LoomError {
  if (isLoomError(error)) return error;
  const result = sqliteResult(error);
  const { code, message } = describe(result, folder, error);
  return new LoomError(code, message, { path: folder, sqlite: result }, { cause: error });
}

/** The result code of a driver's error, or `undefined` when it is no error of SQLite. */
export function sqliteResult(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  // node:sqlite says errcode, libsql rawCode; libsql's failure to open only has it in its text.
  const { errcode, rawCode, message } = error as Error & {
    readonly errcode?: number;
    readonly rawCode?: number;
  };
  const code =
    errcode ?? rawCode ?? Number(/ConnectionFailed\(.*: (\d+)"\)$/.exec(message)?.[1] ?? Number.NaN);
  return Number.isInteger(code) ? code : undefined;
}

export function isBusy(error: unknown): boolean {
  return primary(sqliteResult(error)) === busy;
}

/** Without what an extended code says beyond it. */
function primary(result: number | undefined): number | undefined {
  return result === undefined || result === shortRead ? result : result & 0xff;
}

function describe(
  result: number | undefined,
  folder: string,
  error: unknown,
): { readonly code: LoomErrorCode; readonly message: string } {
  switch (primary(result)) {
    case full:
      return {
        code: 'LOOM_STORE_FULL',
        message:
          `The store in "${folder}" is full: the disk has no space left, or maxBytes is reached. ` +
          'Nothing of the refused operations was written. Free space or prune finished executions, then try again.',
      };
    case corrupt:
    case notADatabase:
    case shortRead:
      return {
        code: 'LOOM_STORE_CORRUPT',
        message:
          `The store in "${folder}" is damaged, or its loom.db is not a database of Loom. Nothing was overwritten. ` +
          'Restore the folder from a backup, or name another one.',
      };
    default:
      return {
        code: 'LOOM_STORE_FAILED',
        message:
          `The store in "${folder}" cannot be read or written: ${error instanceof Error ? error.message : String(error)}. ` +
          'Check the permissions of the folder and the health of the disk.',
      };
  }
}
