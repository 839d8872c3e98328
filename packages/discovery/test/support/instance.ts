import type { ActorInstance } from '../../src/index.js';

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
