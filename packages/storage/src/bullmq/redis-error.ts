import { LoomError, isLoomError } from '@certoai/loom-core';

/** What ioredis or Redis said, as Loom says it. Errors of Loom pass through. */
export function translateRedisError(error: unknown, doing: string): LoomError {
  if (isLoomError(error)) return error;
  forgetArguments(error);
  const text = plain(textOf(error));
  if (isOutOfMemory(error)) {
    const message =
      `Redis has no memory left, so it refused to ${doing}. ` +
      'Raise maxmemory, or let consumers and retention make room; then send again.';
    return new LoomError('LOOM_QUEUE_FULL', message, {}, { cause: error });
  }
  return new LoomError(
    'LOOM_STORE_FAILED',
    `Redis could not ${doing}: ${text}. ${adviceFor(text)}`,
    {},
    { cause: error },
  );
}

/** ioredis keeps the arguments of the command: payloads, which belong in no log. */
export function forgetArguments(error: unknown): void {
  if (error instanceof Error) delete (error as { command?: unknown }).command;
}

/** The server is at its maxmemory and evicts nothing. */
export function isOutOfMemory(error: unknown): boolean {
  return /\bOOM command not allowed/.test(textOf(error));
}

/** User, password or rights are wrong, which waiting does not change. */
export function isRefusedLogin(error: unknown): boolean {
  return /NOAUTH|WRONGPASS|NOPERM/.test(textOf(error));
}

/** Codes of BullMQ's scripts that say: this delivery is not ours any more. */
const lostCodes: readonly unknown[] = [-1, -2, -3, -6];

/** BullMQ refused because the lock of the job is gone or somebody else's, or the job is not active any more. */
export function isLeaseRefusal(error: unknown): boolean {
  return error instanceof Error && lostCodes.includes((error as Error & { readonly code?: unknown }).code);
}

/** A transaction that was aborted keeps what its commands were refused with. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { previousErrors } = error as Error & { readonly previousErrors?: readonly Error[] };
  return previousErrors?.[0]?.message ?? error.message;
}

/** Without the full stop, and without the script and the line in it that a user has never seen. */
function plain(text: string): string {
  return text.replace(/ script: [0-9a-f]{40}, on @user_script:\d+\.?$/, '').replace(/\.$/, '');
}

function adviceFor(text: string): string {
  if (isRefusedLogin(text)) return 'Check the username, the password and the rights of the ACL user.';
  if (
    /MaxRetriesPerRequest|max retries per request|Connection is closed|Socket timeout|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN/.test(
      text,
    )
  ) {
    return 'Check that Redis runs and can be reached; what was sent before is safe.';
  }
  if (/READONLY/.test(text))
    return 'The server is a replica; connect to the primary, or wait for the failover to end.';
  return 'Check the log of the server.';
}

/** The server answered, and refused. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Without the full stop. A connection that was refused on several addresses has a code and no text. */
export function said(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: unknown };
  return (message || String(code ?? error)).replace(/\.$/, '');
}
