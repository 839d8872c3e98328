import { isLoomError, systemClock } from '@certoai/loom-core';
import type { LoadedConfig } from '@certoai/loom-config';
import { checkOnePlace, connectionOptions } from '../composition.js';
import { settingsOf, type LoomOptions } from '../loom.js';
import { findingsOf, type Look } from './bounded-look.js';
import { diagnosisOf, type Diagnosis, type Finding } from './diagnosis.js';
import { lookAtNode } from './look-at-node.js';

/** Cosmos DB is asked three questions, one after the other. */
const questions = 3;

export async function lookAtParts(options: LoomOptions, timeoutMs: number): Promise<Diagnosis> {
  const clock = options.clock ?? systemClock;
  const look = (one: Look): Promise<readonly Finding[]> => findingsOf(one, { timeoutMs, clock });
  // First and alone: the others would disturb the event loop that it measures.
  const node = await look({ part: 'node', begin: () => lookAtNode() });
  let config: LoadedConfig | undefined;
  const settings = await look({
    part: 'config',
    async *begin() {
      config = yield* resolveSettings(options);
    },
  });
  const stores =
    config === undefined ? [] : await Promise.all(looksAtStores(config, options, timeoutMs).map(look));
  return diagnosisOf([node, settings, ...stores].flat());
}

type ConfigFinding = Omit<Finding, 'part'>;

async function* resolveSettings(
  options: LoomOptions,
): AsyncGenerator<ConfigFinding, LoadedConfig | undefined, undefined> {
  const { resolveConfig } = await import('@certoai/loom-config');
  let config: LoadedConfig;
  try {
    config = await resolveConfig(settingsOf(options));
    checkOnePlace(config);
  } catch (error) {
    if (!isLoomError(error)) throw error;
    const { problems = [{ kind: 'conflict', message: error.message }] } = error.details as {
      readonly problems?: readonly { readonly kind: string; readonly message: string }[];
    };
    for (const { kind, message } of problems)
      yield {
        check: kind,
        severity: 'error',
        message,
        fix: 'Put it right and look again: nothing that the configuration names was looked at.',
      };
    return undefined;
  }
  yield { check: 'settings', severity: 'ok', message: 'The configuration can be used.' };
  if (config.redis === undefined && config.embedded?.path === undefined)
    yield {
      check: 'durability',
      severity: 'warning',
      message: 'Executions are kept in memory, and are gone with the process.',
      fix: 'Set embedded.path to a folder, or redis.',
    };
  return config;
}

function looksAtStores(
  { embedded, redis, cosmos }: LoadedConfig,
  { clock }: LoomOptions,
  timeoutMs: number,
): readonly Look[] {
  const looks: Look[] = [];
  const path = embedded?.path;
  if (path !== undefined)
    looks.push({
      part: 'embedded',
      async *begin() {
        const { diagnoseEmbedded } = await import('@certoai/loom-storage/embedded');
        yield* diagnoseEmbedded({ ...embedded, path });
      },
    });
  if (redis !== undefined)
    looks.push({
      part: 'redis',
      async *begin(signal) {
        const { diagnoseRedis } = await import('@certoai/loom-storage/bullmq');
        yield* diagnoseRedis(connectionOptions(redis), { clock, signal });
      },
    });
  if (cosmos !== undefined)
    looks.push({
      part: 'cosmos',
      async *begin(signal) {
        const { diagnoseCosmos } = await import('@certoai/loom-storage/cosmos');
        const callMs = Math.ceil(timeoutMs / questions);
        yield* diagnoseCosmos(cosmos, { callMs, clock, signal });
      },
    });
  return looks;
}
