/** Longest reason that is stored; characters. */
const maxLength = 2_000;

/** Whatever a handler threw, as the reason of a dead letter. Never throws itself. */
export function failureReason(error: unknown): string {
  return shorten(describe(error));
}

export function shorten(reason: string): string {
  return reason.length <= maxLength ? reason : `${reason.slice(0, maxLength - 1)}…`;
}

function describe(error: unknown): string {
  try {
    if (typeof error === 'string') return error;
    if (error instanceof Error) return describeError(error);
    if (typeof error === 'object' && error !== null) return describeObject(error);
    return `The handler threw ${String(error)}.`;
  } catch {
    return 'The handler threw a value that cannot be read.';
  }
}

function describeError({ name, message }: Error): string {
  if (message === '') return name;
  return name === 'Error' || name === 'LoomError' ? message : `${name}: ${message}`;
}

/** An object with a message is an error of another realm, or a driver's own. */
function describeObject(error: object): string {
  if ('message' in error && typeof error.message === 'string') return error.message;
  return 'The handler threw an object that is no error.';
}
