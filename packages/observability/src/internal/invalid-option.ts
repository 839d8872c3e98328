import { LoomError } from '@certoai/loom-core';

/** The error for a value an option does not take. */
export function invalidOption(option: string, value: unknown, expected: string): LoomError {
  const message = `${option} is ${describe(value)}; give ${expected}.`;
  return new LoomError('LOOM_INVALID_OPTION', message, { option });
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 99)}…` : value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'function' || (typeof value === 'object' && value !== null))
    return `of type ${typeof value}`;
  return String(value);
}
