import { LoomError, toJsonText, type IdSource, type JsonValue } from '@certoai/loom-core';
import { validateInput } from '../definition/input-schema.js';
import { decide, type ControlRequest } from '../engine/decide.js';
import { Json } from '../engine/json.js';
import { initialState, isFinal, type ExecutionState } from '../engine/state.js';
import type { ExecutionHost } from './execution-host.js';
import type { LiveExecution, Revival } from './live-execution.js';
import { LiveFacts } from './live-facts.js';
import type { DefinitionInput } from './orchestrator.js';
import type { Outgoing } from './outgoing.js';
import type { PlanCache } from './plan-cache.js';
import type { StartChecks } from './start-checks.js';
import { checkStartOptions, copyNotify, type StartOptions } from './start-options.js';

export interface StartingOptions {
  readonly host: ExecutionHost;
  readonly plans: PlanCache;
  readonly checks: StartChecks;
  readonly outgoing: Outgoing;
  readonly ids: IdSource;
  /** Largest input; bytes of JSON. */
  readonly maxPayloadBytes: number;
  readonly isClosed: () => boolean;
  /** Resolves when executions may begin here. */
  readonly ready: () => Promise<void>;
  readonly adopt: (revival: Revival) => LiveExecution;
  readonly ask: (executionId: string, request: ControlRequest) => Promise<void>;
}

/** Starts executions: checks all that can be checked before, stores them, and lets them begin. */
export class Starting {
  readonly #options: StartingOptions;

  constructor(options: StartingOptions) {
    this.#options = options;
  }

  /** The live execution, or the id of an older one with the same idempotency key. */
  async start(
    definition: DefinitionInput,
    input: unknown,
    options: StartOptions = {},
  ): Promise<LiveExecution | string> {
    const { host, plans, checks, outgoing, maxPayloadBytes, isClosed } = this.#options;
    const { idempotencyKey, priority = 0, tags, signal, headers, tenant } = options;
    signal?.throwIfAborted();
    checkStartOptions(options);
    if (isClosed())
      throw new LoomError('LOOM_CLOSED', 'This orchestrator is closed; start nothing more on it.');
    const notify = options.notify && copyNotify(options.notify);
    if (notify !== undefined) outgoing.checkUsable();
    const inputText = toJsonText(input, { what: 'input', maxBytes: maxPayloadBytes });
    const plan = plans.known(definition) ?? (await plans.compile(definition));
    await this.#options.ready();
    if (plan.inputSchema !== undefined)
      await validateInput(plan.inputSchema, JSON.parse(inputText) as JsonValue);
    const pins = plan.pinVersions === undefined ? undefined : await checks.pins(plan);
    checks.check(plan, pins);
    const config = host.takeConfig(plan, tenant);

    const id = this.#options.ids.next();
    const now = host.clock.now();
    const { timeoutMs = plan.timeoutMs } = options;
    const first = initialState(now, { timeoutMs, headers, pins, tenant, notify });
    const inputJson = Json.fromText(inputText);
    const facts = new LiveFacts(id, inputJson, host.modes, host.maxTasks);
    facts.now = now;
    facts.config = config;
    const begun = decide(plan, first, facts);
    // What needs more than a head to be stored takes the ordinary way, one step later.
    const atOnce = !isFinal(begun.state.status) && begun.values.length === 0;
    const state: ExecutionState = atOnce ? begun.state : first;
    const reply = await host.store.create({
      id,
      definition: { hash: plan.hash, text: plan.text },
      input: inputText,
      state: JSON.stringify(state),
      createdAt: now,
      name: plan.name,
      idempotencyKey,
      priority,
      tags,
      wakeAt: null,
      holder: host.holder(),
    });
    if (!reply.created) return reply.id;

    const live = this.#options.adopt({ plan, facts, state: first, version: 1, priority, tags });
    live.begin(atOnce ? begun : undefined);
    void checks.warn(id, plan, pins);
    if (signal !== undefined) cancelOnAbort(live, signal, (request) => this.#options.ask(id, request));
    return live;
  }
}

function cancelOnAbort(
  live: LiveExecution,
  signal: AbortSignal,
  ask: (request: ControlRequest) => Promise<void>,
): void {
  const onAbort = (): void => {
    const { reason } = signal as { reason: unknown };
    const said = reason instanceof Error ? reason.message : 'the signal given at start was aborted';
    ask({ kind: 'cancel', reason: said }).catch(() => undefined);
  };
  if (signal.aborted) return onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const forget = (): void => signal.removeEventListener('abort', onAbort);
  live.ended.then(forget, forget);
}
