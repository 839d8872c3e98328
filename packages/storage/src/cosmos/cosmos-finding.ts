import { isLoomError, type LoomError } from '@certoai/loom-core';
import type { StoreFinding } from '../internal/store-finding.js';

/** Errors of Cosmos DB end with what to do, and have that in their details too. */
export function failureOf(check: string, { message, details }: LoomError): StoreFinding {
  const fix = String(details['fix']);
  return { check, severity: 'error', message: message.slice(0, -fix.length).trimEnd(), fix };
}

/** What a call was refused with; undefined when it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<LoomError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (!isLoomError(error)) throw error;
    return error;
  }
}
