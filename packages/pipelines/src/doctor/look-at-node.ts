import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { systemClock } from '@certoai/loom-core';
import type { Finding } from './diagnosis.js';

type NodeFinding = Omit<Finding, 'part'>;

/** As `engines` in package.json says. */
export const oldestNode = '20.19.0';

const mebibyte = 1024 ** 2;
/** Part of a container's memory that the heap may have; buffers, SQLite and Node itself need the rest. */
const heapShare = 0.85;
const advisedShare = 0.75;
const timers = 20;
const timerMs = 10;
/** Leases are renewed and other processes answered so much later. */
const lateMs = 50;

/** This process: its version, its memory, and how late its timers are while nothing else is done. */
export async function* lookAtNode(): AsyncGenerator<NodeFinding, void, undefined> {
  yield judgeVersion(process.versions.node);
  const { heap_size_limit: heapBytes } = getHeapStatistics();
  const limit = process.constrainedMemory();
  // Without a limit Node says 0, or more than any machine has.
  yield judgeMemory(heapBytes, limit > 0 && limit <= totalmem() ? limit : undefined);
  yield judgeEventLoop(await timerDelays());
}

export function judgeVersion(version: string): NodeFinding {
  const [wanted, found] = [oldestNode, version].map((one) => one.split('.').map(Number));
  const place = wanted?.findIndex((part, index) => part !== found?.[index]) ?? -1;
  const isOld = place >= 0 && (found?.[place] ?? 0) < (wanted?.[place] ?? 0);
  if (!isOld) return { check: 'version', severity: 'ok', message: `This is Node ${version}.` };
  return {
    check: 'version',
    severity: 'error',
    message: `This is Node ${version}; ${oldestNode} is needed.`,
    fix: 'Update Node.',
  };
}

/** @param limitBytes - what the container may have; undefined: it has no limit of its own */
export function judgeMemory(heapBytes: number, limitBytes: number | undefined): NodeFinding {
  const heap = Math.round(heapBytes / mebibyte);
  if (limitBytes === undefined)
    return {
      check: 'memory',
      severity: 'ok',
      message: `The heap may grow to ${heap} MiB, and no container limits this process.`,
      measured: { heapBytes },
    };
  const limit = Math.round(limitBytes / mebibyte);
  const measured = { heapBytes, limitBytes };
  const message = `The heap may grow to ${heap} MiB, and the container has ${limit} MiB.`;
  if (heapBytes <= limitBytes * heapShare) return { check: 'memory', severity: 'ok', message, measured };
  return {
    check: 'memory',
    severity: 'warning',
    message: `${message} The kernel kills the process before its memory is collected.`,
    fix: `Start Node with --max-old-space-size=${Math.floor(limit * advisedShare)}, or give the container more memory.`,
    measured,
  };
}

/** @param delaysMs - how late some timers were, at least one */
export function judgeEventLoop(delaysMs: readonly number[]): NodeFinding {
  const sorted = delaysMs.toSorted((left, right) => left - right);
  const medianMs = Math.round(sorted[Math.floor(sorted.length / 2)] as number);
  const longestMs = Math.round(sorted.at(-1) as number);
  const measured = { medianMs, longestMs };
  const message = `Timers are ${medianMs} ms late, the median of ${delaysMs.length} while this process was idle.`;
  if (medianMs < lateMs) return { check: 'event-loop', severity: 'ok', message, measured };
  return {
    check: 'event-loop',
    severity: 'warning',
    message: `${message} A process that is too late loses its leases.`,
    fix: 'Give it more CPU, and move long computations to other processes.',
    measured,
  };
}

/** On the real clock, whatever the one of the configuration is: it is this machine that is measured. */
async function timerDelays(): Promise<readonly number[]> {
  const delays: number[] = [];
  for (let timer = 0; timer < timers; timer += 1) {
    const setAt = performance.now();
    await new Promise<void>((resolve) => void systemClock.setTimer(timerMs, resolve));
    delays.push(Math.max(0, performance.now() - setAt - timerMs));
  }
  return delays;
}
