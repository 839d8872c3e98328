import { LoomError } from '@certoai/loom-core';
import type { LoomOptions } from '../loom.js';
import type { Diagnosis } from './diagnosis.js';

export interface DiagnoseOptions {
  /** How long each part may take; what it found by then counts. Milliseconds, 1 to 600_000. @default 5_000 */
  readonly timeoutMs?: number | undefined;
}

const longestMs = 600_000;

/**
 * Looks at everything that `new Loom(config)` would need, also where that cannot start: Node, the configuration, and
 * the stores it names, side by side. It opens what it looks at for itself, leaves it as it was, and rejects for
 * nothing that it finds.
 * @throws LoomError `LOOM_INVALID_OPTION` for what is no configuration at all, and for `timeoutMs`
 */
export async function diagnose(config: LoomOptions = {}, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { timeoutMs = 5_000 } = options;
  if (!(Number.isSafeInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= longestMs)) {
    const message = `timeoutMs is ${timeoutMs}; give a whole number of milliseconds, 1 to ${longestMs}.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { timeoutMs });
  }
  if (typeof config !== 'object' || config === null) {
    const message = `The configuration is ${String(config)}; give an object, as to new Loom.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'config' });
  }
  const { lookAtParts } = await import('./look-at-parts.js');
  return lookAtParts(config, timeoutMs);
}
