/** A file that will not become readable by trying again. The pipeline names this error in `nonRetryable`. */
export class NotReadable extends Error {
  override readonly name = 'NotReadable';
}

/** The error again, with the name of the file in front of its message. */
export function aboutFile(file: string, error: unknown): Error {
  const { code = '', message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  const passes = ['EMFILE', 'ENFILE', 'EBUSY', 'EAGAIN', 'EIO'].includes(code);
  const text = `${file}: ${reasons[code] ?? message}`;
  return passes ? new Error(text, { cause: error }) : new NotReadable(text, { cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied.',
  EPERM: 'Permission denied.',
  EISDIR: 'It is a folder, not a file.',
  ENOENT: 'It is not there; a link may lead nowhere.',
  ELOOP: 'Links that lead in a circle.',
};
