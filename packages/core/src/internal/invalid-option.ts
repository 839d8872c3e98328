import { LoomError } from '../errors/loom-error.js';
import type { ErrorDetails } from '../errors/loom-error.js';

export function invalidOption(message: string, details: ErrorDetails): LoomError {
  return new LoomError('LOOM_INVALID_OPTION', message, details);
}
