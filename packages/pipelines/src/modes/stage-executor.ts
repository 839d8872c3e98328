import { LoomError, toJsonText, type JsonValue } from '@certoai/loom-core';
import type { Scope } from '../definition/expression.js';
import { Json } from '../engine/json.js';
import { chooseActor } from './choose-actor.js';
import type { Mode } from './mode.js';

/** A stage in a mode of the user's own, as its executor sees it. */
export interface CustomStage {
  readonly id: string;
  /** The stage's resolved input. Private to this call. */
  readonly input: JsonValue;
  /** The stage's `with` block with its expressions resolved; `null` without one. */
  readonly options: JsonValue;
  /** The stage's actor, when it names one. */
  readonly actor: string | undefined;
  /** What expressions see: `input`, `stages`, `execution`. For `config`, have the stage hand it on in `with`. */
  readonly scope: Scope;
}

/**
 * A mode of the user's own, given to `registerExecutor`. Both functions must depend on their arguments
 * only: they run again after a restart, and have to say the same.
 */
export interface StageExecutor {
  /** The tasks of the stage, in order. None: the stage completes at once. */
  plan(stage: CustomStage): readonly { readonly actor: string; readonly input: JsonValue }[];
  /**
   * What the outputs become, by task index; `null` where a task failed and the stage goes on.
   * @default one task: its output; otherwise the list of outputs
   */
  collect?(outputs: readonly JsonValue[], stage: CustomStage): JsonValue;
}

/** @param maxBytes - largest task input and collected output */
export function customMode(executor: StageExecutor, maxBytes: number): Mode {
  return (node, view) => {
    const { scope, upstream } = view;
    const options = node.spec.mode === 'custom' ? node.spec.options : undefined;
    const actor = node.actor === undefined ? undefined : chooseActor(node.actor, view);
    const stage: CustomStage = {
      id: node.stage,
      input: node.input === undefined ? upstream.copy() : node.input.evaluate(scope),
      options: options?.evaluate(scope) ?? null,
      actor: typeof actor === 'string' ? actor : undefined,
      scope,
    };
    const what = `plan of stage "${node.stage}"`;
    const tasks = executor.plan(stage).map(({ actor, input }) => {
      if (typeof actor === 'string' && actor !== '') {
        return { actor, input: Json.fromText(toJsonText(input, { what, maxBytes })), view };
      }
      const message = `The executor of stage "${node.stage}" planned a task without an actor name.`;
      throw new LoomError('LOOM_EXECUTION_FAILED', message, { stage: node.stage });
    });
    return {
      tasks: tasks.length,
      task(index) {
        const task = tasks[index];
        if (task === undefined) throw new RangeError(`Stage "${node.stage}" has no task ${index}.`);
        return task;
      },
      collect(results) {
        if (executor.collect === undefined) {
          return tasks.length === 1 ? (results[0] ?? Json.null) : Json.array(results);
        }
        const outputs = Array.from(results, (result) => result?.copy() ?? null);
        return Json.fromText(toJsonText(executor.collect(outputs, stage), { what, maxBytes }));
      },
    };
  };
}
