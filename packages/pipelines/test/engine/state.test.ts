import { isLoomError } from '@certoai/loom-core';
import { expect, test } from 'vitest';
import { initialState, isFinal, moveTo } from '../../src/engine/state.js';

test('an execution moves between running and paused, and from both to its end', () => {
  const running = initialState(1, { timeoutMs: undefined });
  const paused = moveTo(running, 'paused');
  expect(moveTo(paused, 'running').status).toBe('running');
  for (const end of ['completed', 'failed', 'cancelled', 'timed-out'] as const) {
    expect(isFinal(moveTo(running, end).status)).toBe(true);
    expect(moveTo(paused, end).status).toBe(end);
  }
});

test('what has ended stays as it is', () => {
  const ended = moveTo(initialState(1, { timeoutMs: undefined }), 'failed');
  try {
    moveTo(ended, 'running');
    expect.unreachable();
  } catch (error) {
    expect(isLoomError(error, 'LOOM_ILLEGAL_TRANSITION')).toBe(true);
    expect(String(error)).toContain('cannot move from "failed" to "running"; it is final');
  }
});
