import type { Clock } from '@certoai/loom-core';
import type { StoreFinding } from '../internal/store-finding.js';
import type { OpenRedisClient } from './redis-client.js';

/** Round trips measured for the median. Count. */
const pings = 9;
/** A step of an execution is a round trip or two, so this is some ten steps a second. */
const slowMs = 50;
/** Readings of the server's clock, of which the fastest counts. */
const readings = 3;
const skewedMs = 1_000;

/** Leases run on the server's clock; delays, schedules and the times of executions on this machine's. */
export async function compareClocks(client: OpenRedisClient, clock: Clock): Promise<StoreFinding> {
  let best = { skewMs: 0, doubtMs: Infinity };
  for (let reading = 0; reading < readings; reading += 1) {
    const sentAt = clock.now();
    const [seconds, microseconds] = await client.time();
    const doubtMs = (clock.now() - sentAt) / 2;
    const skewMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - (sentAt + doubtMs);
    if (doubtMs < best.doubtMs) best = { skewMs, doubtMs };
  }
  const skewMs = Math.round(best.skewMs);
  const measured = { skewMs };
  if (Math.abs(skewMs) - best.doubtMs <= skewedMs)
    return { check: 'clock', severity: 'ok', message: 'The clocks agree within a second.', measured };
  return {
    check: 'clock',
    severity: 'warning',
    message: `The clock of the server is ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead of' : 'behind'} the clock of this machine: delays and timeouts are off by as much.`,
    fix: 'Let both machines keep their clocks by NTP.',
    measured,
  };
}

export async function measureLatency(client: OpenRedisClient): Promise<StoreFinding> {
  const times: number[] = [];
  for (let ping = 0; ping < pings; ping += 1) {
    const sentAt = performance.now();
    await client.ping();
    times.push(performance.now() - sentAt);
  }
  times.sort((left, right) => left - right);
  const medianMs = rounded(times[Math.floor(pings / 2)] as number);
  const measured = { medianMs, longestMs: rounded(times.at(-1) as number) };
  const message = `A round trip takes ${medianMs} ms, the median of ${pings}.`;
  if (medianMs < slowMs) return { check: 'latency', severity: 'ok', message, measured };
  return {
    check: 'latency',
    severity: 'warning',
    message: `${message} Each step of an execution waits for one or two.`,
    fix: 'Run Loom in the same region and network as its Redis.',
    measured,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
