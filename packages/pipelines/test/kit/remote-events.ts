// What a handle hears of an execution that another orchestrator serves.
import assert from 'node:assert/strict';
import type { ActorFunction, ExecutionEvent } from '@certoai/loom-core';
import { Gate, until, type SharedCase } from './several-orchestrators.js';

const twoStages = (actor = 'work') => ({
  stages: [
    { id: 'hold', actor: 'hold' },
    { id: 'each', mode: 'scatter', scatter: { over: 'input' }, actor },
  ],
});

/** Reads to the end. */
async function all(events: AsyncIterable<ExecutionEvent>): Promise<ExecutionEvent[]> {
  const heard: ExecutionEvent[] = [];
  for await (const event of events) heard.push(event);
  return heard;
}

const types = (events: readonly ExecutionEvent[]): string[] => events.map(({ type }) => type);

export const remoteEvents: readonly SharedCase[] = [
  {
    name: 'events are heard in order from a process that does not serve the execution, to the end',
    async run(world) {
      const gate = new Gate();
      const work: ActorFunction = (input, context) => {
        context.progress({ at: input });
        return input;
      };
      const first = await world.orchestrator({ hold: gate.actor, work });
      const second = await world.orchestrator({ hold: gate.actor, work });
      const { id } = await first.orchestrator.start(twoStages(), [1, 2, 3]);
      await gate.hasBegun;
      const handle = await second.orchestrator.executions.attach(id);
      const [one, two] = [all(handle.events()), all(handle.events())];
      // Whoever serves it hears of it in its own time.
      await new Promise((resolve) => setTimeout(resolve, 500));
      gate.open(null);
      const heard = await one;
      assert.deepEqual(types(heard).slice(0, 3), ['task:completed', 'stage:completed', 'stage:started']);
      assert.equal(heard.at(-1)?.type, 'execution:finished');
      for (const type of ['task:started', 'task:progressed', 'task:completed'])
        assert.equal(
          heard.filter((event) => event.type === type && 'stage' in event && event.stage === 'each').length,
          3,
          type,
        );
      assert.deepEqual(types(await two), types(heard));
      assert.ok(heard.every(({ executionId }) => executionId === id));
    },
  },
  {
    name: 'events go on when another orchestrator takes the execution over, this one or a third',
    async run(world) {
      const gate = new Gate();
      const actors = { hold: gate.actor, work: ((input) => input) satisfies ActorFunction };
      const first = await world.orchestrator(actors);
      const second = await world.orchestrator(actors);
      const third = await world.orchestrator(actors);
      const { id } = await first.orchestrator.start(twoStages(), [1, 2]);
      await gate.hasBegun;
      const heard = all((await second.orchestrator.executions.attach(id)).events());
      first.cable.cut();
      await until(
        () => second.orchestrator.isServing(id) || third.orchestrator.isServing(id),
        'another one serves it',
      );
      await until(() => gate.begun === 2, 'its task runs again');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      gate.open(null);
      const names = types(await heard);
      assert.equal(names.filter((name) => name === 'task:completed').length, 3);
      assert.equal(names.at(-1), 'execution:finished');
    },
  },
];
