import type { ExecutionState, NodeState } from './state.js';

/**
 * Writes states of one execution as JSON, as `JSON.stringify` would with the nodes last. It is done for
 * every step, so the text of a node that has not changed is kept, and the common shapes are written by hand.
 */
export class StateText {
  readonly #nodes = new Map<string, { readonly state: NodeState; readonly text: string }>();

  of(state: ExecutionState): string {
    let text = '';
    for (const id in state.nodes) {
      const node = state.nodes[id];
      if (node === undefined) continue;
      let known = this.#nodes.get(id);
      if (known?.state !== node) {
        // Ids are letters, digits, "-", "_" and "#": nothing in them needs an escape.
        known = { state: node, text: `"${id}":${nodeText(node)}` };
        this.#nodes.set(id, known);
      }
      text += text === '' ? known.text : `,${known.text}`;
    }
    return `${headText(state)},"nodes":{${text}}}`;
  }
}

function headText(state: ExecutionState): string {
  const { status, startedAt, deadlineAt, finishedAt, headers, pins, tenant, config, notify, failure } = state;
  if ((deadlineAt ?? headers ?? pins ?? tenant ?? config ?? notify ?? failure) === undefined) {
    const finished = finishedAt === undefined ? '' : `,"finishedAt":${finishedAt}`;
    return `{"status":"${status}","startedAt":${startedAt}${finished}`;
  }
  const head = { status, startedAt, deadlineAt, finishedAt, headers, pins, tenant, config, notify, failure };
  return JSON.stringify(head).slice(0, -1);
}

function nodeText(node: NodeState): string {
  if (node.kind === 'running' && node.deadlineAt === undefined) {
    return `{"kind":"running","startedAt":${node.startedAt},"tasks":${node.tasks}}`;
  }
  if (node.kind === 'completed' && node.value === undefined) {
    const { startedAt, finishedAt, tasks, failed } = node;
    return `{"kind":"completed","startedAt":${startedAt},"finishedAt":${finishedAt},"tasks":${tasks},"failed":${failed}}`;
  }
  return JSON.stringify(node);
}
