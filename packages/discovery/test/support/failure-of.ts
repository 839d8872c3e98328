import { isLoomError, type LoomError } from '@certoai/loom-core';

/** The LoomError that `work` throws or rejects with. */
export async function failureOf(work: () => unknown): Promise<LoomError> {
  try {
    await work();
  } catch (error) {
    if (isLoomError(error)) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

export async function messageOf(work: () => unknown): Promise<string> {
  return (await failureOf(work)).message;
}
