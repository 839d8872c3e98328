import type { OutboxEntry, RecordEntry, Transition } from '@certoai/loom-core';
import type { Decision } from '../engine/decide.js';
import { finishNotice } from '../engine/finish-notice.js';
import { StateText } from '../engine/state-text.js';
import { isFinal, valueIndex } from '../engine/state.js';

export interface StepsOf {
  readonly executionId: string;
  /** Of its definition. */
  readonly name: string | undefined;
  readonly tags: readonly string[] | undefined;
  /** In whose name they are written. */
  readonly holder: string;
}

/** Decisions of one execution, as its store takes them. */
export class ExecutionSteps {
  readonly #of: StepsOf;
  readonly #stateText = new StateText();

  constructor(of: StepsOf) {
    this.#of = of;
  }

  /** @param outcomes - of lone tasks, which are stored with the decision that they caused */
  step(
    decision: Decision,
    outcomes: readonly RecordEntry[],
    expectedVersion: number,
    at: number,
  ): Transition {
    const { executionId, holder } = this.#of;
    const { state, values } = decision;
    const own = values.map(({ node, json }): RecordEntry => ({
      executionId,
      node,
      index: valueIndex,
      held: 1,
      kind: 'completed',
      attempt: 1,
      body: json.text,
      at,
    }));
    return {
      executionId,
      expectedVersion,
      status: state.status,
      state: this.#stateText.of(state),
      records: own.length === 0 ? outcomes : [...outcomes, ...own],
      messages: this.#notices(decision),
      at,
      holder,
    };
  }

  /** Told in the step that ends the execution, so that it is told if and only if that is stored. */
  #notices({ state, output }: Decision): readonly OutboxEntry[] | undefined {
    if (state.notify === undefined || !isFinal(state.status)) return undefined;
    return [finishNotice(state.notify, { ...this.#of, state, output })];
  }
}
