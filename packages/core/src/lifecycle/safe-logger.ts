import type { LogFields, Logger } from '../ports/logger.js';

/** `logger`, but it cannot harm who reports: what it throws is dropped. */
export function safeLogger(logger: Logger): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void => {
      try {
        logger[level](message, fields);
      } catch {
        // There is nowhere left to report it.
      }
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child(fields) {
      try {
        return safeLogger(logger.child(fields));
      } catch {
        return this;
      }
    },
  };
}
