import assert from 'node:assert/strict';
import { isLoomError } from '../../errors/loom-error.js';
import type { LoomErrorCode } from '../../errors/loom-error.js';
import type { ActorInstance, InstanceChange, InstanceRegistry } from '../../ports/instance-registry.js';
import type { InstanceRegistryHarness } from './harness.js';

/** Long enough for a machine that is busy, where time is real. */
export const leaseMs = 2_000;

/** An instance that is ready, hosting `mailer` unless told otherwise. */
export function instance(id: string, fields: Partial<ActorInstance> = {}): ActorInstance {
  return {
    id,
    worker: 'worker',
    actors: [{ type: 'mailer', version: '1.0.0', capabilities: [], tags: [] }],
    labels: {},
    capabilities: [],
    status: 'ready',
    slots: { used: 0, total: 10 },
    startedAt: 0,
    ...fields,
  };
}

export function idsOf(instances: readonly ActorInstance[]): readonly string[] {
  return instances.map(({ id }) => id);
}

export function rejectsWith(work: Promise<unknown>, code: LoomErrorCode, text = /./): Promise<void> {
  return assert.rejects(work, (error) => isLoomError(error, code) && text.test(error.message));
}

export interface Watching {
  readonly changes: readonly InstanceChange[];
  end(): void;
  /** Waits for the adapter to tell as much as is expected: at most a lease later, and a little for real time. */
  until(...expected: readonly string[]): Promise<void>;
}

/** Collects what a watch tells. */
export async function watching(
  harness: InstanceRegistryHarness,
  registry: InstanceRegistry,
  signal?: AbortSignal,
): Promise<Watching> {
  const changes: InstanceChange[] = [];
  const end = await registry.watch((change) => void changes.push(change), { signal });
  return {
    changes,
    end,
    async until(...expected) {
      for (let waited = 0; waited < leaseMs * 3 && changes.length < expected.length; waited += 5)
        await harness.elapse(5);
      assert.deepEqual(changes.map(described), expected);
    },
  };
}

function described(change: InstanceChange): string {
  const { id } = change.instance;
  return change.kind === 'gone' ? `gone ${id}: ${change.reason}` : `${change.kind} ${id}`;
}
