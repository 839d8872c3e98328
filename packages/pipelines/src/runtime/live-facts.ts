import { LoomError, type NodeCounters } from '@certoai/loom-core';
import type { ControlRequest, Facts } from '../engine/decide.js';
import { Json } from '../engine/json.js';
import type { PinnedConfig } from '../engine/pinned-config.js';
import { stageView, type StageView } from '../engine/stage-view.js';
import type { Failure, NodeState } from '../engine/state.js';
import type { Expansion, Mode } from '../modes/mode.js';
import type { LiveNode } from './live-node.js';

const none: readonly never[] = [];
const noCounters: NodeCounters = { done: 0, failed: 0 };

/** A node that came to its end. */
export interface SettledNode {
  readonly state: NodeState;
  readonly output: Json;
  readonly failures: readonly Failure[];
}

/** What a process knows of an execution it runs; brought up to date in place, read by `decide`. */
export class LiveFacts implements Facts {
  readonly executionId: string;
  readonly input: Json;
  readonly modes: ReadonlyMap<string, Mode>;
  readonly maxTasks: number;
  /** Nodes that run here, by id. */
  readonly running = new Map<string, LiveNode>();
  config: PinnedConfig | undefined = undefined;
  now = 0;
  request: ControlRequest | undefined = undefined;
  readonly #settled = new Map<string, SettledNode>();
  /** Task results of settled fan-outs, which a gather may take items from. */
  #results: Map<string, readonly (Json | undefined)[]> | undefined;
  readonly #stages: Record<string, StageView> = {};
  /** Settled nodes that are not in `#stages` yet: most are never looked at. */
  #unseen: string[] = [];

  constructor(executionId: string, input: Json, modes: ReadonlyMap<string, Mode>, maxTasks: number) {
    this.executionId = executionId;
    this.input = input;
    this.modes = modes;
    this.maxTasks = maxTasks;
  }

  get stages(): Readonly<Record<string, StageView>> {
    for (const id of this.#unseen) {
      const node = this.#settled.get(id);
      if (node !== undefined) this.#stages[id] = stageView(node.state, node.output, node.failures);
    }
    this.#unseen = [];
    return this.#stages;
  }

  counters(node: string): NodeCounters {
    return this.running.get(node)?.counters ?? noCounters;
  }

  results(node: string): readonly (Json | undefined)[] {
    return this.running.get(node)?.results ?? this.#results?.get(node) ?? none;
  }

  failures(node: string): readonly Failure[] {
    return this.running.get(node)?.failures ?? this.#settled.get(node)?.failures ?? none;
  }

  outputOf(node: string): Json {
    return this.#settled.get(node)?.output ?? Json.null;
  }

  expansion(node: string): Expansion {
    const live = this.running.get(node);
    if (live !== undefined) return live.expansion;
    throw new LoomError('LOOM_ILLEGAL_TRANSITION', `Stage "${node}" does not run here.`, { stage: node });
  }

  /** @param results - by task; needed for what a gather may take items from */
  settle(id: string, node: SettledNode, results?: readonly (Json | undefined)[]): void {
    this.running.delete(id);
    this.#settled.set(id, node);
    this.#unseen.push(id);
    if (results !== undefined) (this.#results ??= new Map()).set(id, results);
  }
}
