import type { ExecutionState, NodeState } from './state.js';

/**
 * Writes states of one execution as JSON. Most nodes are the same from one state to the next, so their
 * text is kept; the result is what `JSON.stringify` gives, with the nodes last.
 */
export class StateText {
  readonly #nodes = new Map<string, { readonly state: NodeState; readonly text: string }>();

  of({ nodes, ...head }: ExecutionState): string {
    let text = '';
    for (const id in nodes) {
      const state = nodes[id];
      if (state === undefined) continue;
      let known = this.#nodes.get(id);
      if (known?.state !== state) {
        known = { state, text: `${JSON.stringify(id)}:${JSON.stringify(state)}` };
        this.#nodes.set(id, known);
      }
      text += text === '' ? known.text : `,${known.text}`;
    }
    return `${JSON.stringify(head).slice(0, -1)},"nodes":{${text}}}`;
  }
}
