import { isLoomError, type Clock, type LoomError } from '@certoai/loom-core';
import {
  checkCosmosContainers,
  CosmosCalls,
  CosmosContainer,
  cosmosContainers,
  resolveCosmosOptions,
  type CosmosClientLike,
  type CosmosContainerLayout,
  type CosmosOptions,
  type ResolvedCosmosOptions,
} from '@certoai/loom-core/cosmos';
import { failureOf, refusalOf } from './cosmos-finding.js';
import { findingOf, type StoreFinding } from '../internal/store-finding.js';
import { readThroughput } from './cosmos-throughput.js';
import { openClient } from './open-cosmos.js';
import { signIn } from './sign-in.js';
import { tryReading, tryWriting } from './try-rights.js';

export interface DiagnoseCosmosOptions {
  /** How long one question may take with its retries. Milliseconds, 1 or more. @default 2_000 */
  readonly callMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Aborted, it asks nothing more; what was asked ends with its time. */
  readonly signal?: AbortSignal | undefined;
}

/** One container, and why it cannot be used. */
interface Look {
  readonly layout: CosmosContainerLayout;
  readonly container: CosmosContainer;
  readonly error: LoomError | undefined;
}

/**
 * Looks at an account as {@link openCosmos} would use it: signing in, every container, what the identity may do,
 * and what the containers are given. Creates nothing, and leaves nothing behind.
 */
export async function* diagnoseCosmos(
  options: CosmosOptions,
  { callMs = 2_000, clock, signal }: DiagnoseCosmosOptions = {},
): AsyncGenerator<StoreFinding, void, undefined> {
  const calls = new CosmosCalls({ requestMs: callMs, callMs, clock });
  signal?.throwIfAborted();
  let client: CosmosClientLike & { readonly dispose?: () => void };
  let resolved: ResolvedCosmosOptions;
  try {
    resolved = resolveCosmosOptions(options);
    const signedIn = await signIn(resolved, signal);
    yield signedIn.finding;
    if (signedIn.finding.severity !== 'ok') return;
    client = resolved.client ?? (await openClient({ ...resolved, credential: signedIn.credential }));
  } catch (error) {
    if (!isLoomError(error)) throw error;
    yield findingOf(error.code === 'LOOM_MISSING_DEPENDENCY' ? 'driver' : 'options', error.message);
    return;
  }
  try {
    const looks = await lookAtContainers(client, resolved, calls);
    const usable = looks.filter(({ error }) => error === undefined);
    const refused = looks.find(({ error }) => error !== undefined && !isAboutContainer(error));
    if (refused?.error !== undefined) return yield failureOf('account', refused.error);
    yield { check: 'account', severity: 'ok', message: 'The account answers.' };
    yield* describeContainers(client, resolved, calls, looks);
    if (signal?.aborted === true || usable.length === 0) return;
    const containers = usable.map(({ container }) => container);
    const [reading, writing, throughput] = await Promise.all([
      tryReading(containers),
      tryWriting(containers),
      readThroughput(
        client,
        resolved.database,
        usable.map(({ layout }) => layout.name),
        signal,
      ),
    ]);
    yield reading;
    yield writing;
    yield throughput;
  } finally {
    if (resolved.client === undefined) client.dispose?.();
  }
}

function lookAtContainers(
  client: CosmosClientLike,
  place: ResolvedCosmosOptions,
  calls: CosmosCalls,
): Promise<readonly Look[]> {
  return Promise.all(
    Object.values(cosmosContainers).map(async (layout) => {
      const container = new CosmosContainer(client, place, layout, calls);
      return { layout, container, error: await refusalOf(container.check()) };
    }),
  );
}

async function* describeContainers(
  client: CosmosClientLike,
  place: ResolvedCosmosOptions,
  calls: CosmosCalls,
  looks: readonly Look[],
): AsyncGenerator<StoreFinding, void, undefined> {
  const check = 'containers';
  const good = looks.filter(({ error }) => error === undefined).map(({ layout }) => layout.name);
  if (good.length > 0)
    yield {
      check,
      severity: 'ok',
      message: `Database "${place.database}" has ${good.join(', ')}, with the partition keys, times to live and indexes that Loom needs.`,
    };
  for (const { error } of looks) if (error?.details['kind'] === 'layout') yield failureOf(check, error);
  const missing = looks.filter(({ error }) => error?.details['kind'] === 'missing');
  if (missing.length === 0) return;
  // All of them in one error, with one list of commands.
  const layouts = missing.map(({ layout }) => layout);
  const all = await refusalOf(checkCosmosContainers(client, place, calls, layouts));
  if (all !== undefined) yield failureOf(check, all);
}

function isAboutContainer({ details }: LoomError): boolean {
  return details['kind'] === 'missing' || details['kind'] === 'layout';
}
