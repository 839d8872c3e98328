import type { Logger } from '../ports/logger.js';

/** Reports nowhere: the default of everything that takes a logger. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
