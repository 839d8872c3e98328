import { LoomError, type ActorWorker, type Logger } from '@certoai/loom-core';
import type { ActorQuery } from '@certoai/loom-discovery';
import { nearestName } from '../definition/nearest-name.js';
import type { ActorChoice, Plan, PlanNode } from '../plan/plan.js';
import type { TaskRoutes } from './task-routes.js';
import type { WorkerDirectory } from './worker-directory.js';
import { needText, workerNeed, type Pins } from './worker-need.js';

export interface StartChecksOptions {
  readonly worker: Pick<ActorWorker, 'registry'>;
  readonly routes: Pick<TaskRoutes, 'route' | 'reachesOthers'>;
  readonly workers: WorkerDirectory;
  readonly logger: Logger;
}

/** What is known of workers before an execution starts. */
export class StartChecks {
  readonly #options: StartChecksOptions;

  constructor(options: StartChecksOptions) {
    this.#options = options;
  }

  /**
   * The version ranges that an execution will keep to, when its definition says so.
   * @throws LoomError `LOOM_UNKNOWN_ACTOR` when nobody hosts one of its actors now
   */
  async pins({ pinVersions, actors }: Plan): Promise<Pins | undefined> {
    if (pinVersions === undefined) return undefined;
    const newest = await this.#options.workers.newest(actors);
    const unknown = actors.filter((actor) => !newest.has(actor));
    if (unknown.length > 0) {
      const message = `pinVersions keeps to the versions that are live when an execution starts, and no live worker hosts ${quoted(unknown)}. Start one, or take pinVersions out.`;
      throw new LoomError('LOOM_UNKNOWN_ACTOR', message, { actors: unknown });
    }
    const sign = { exact: '', minor: '~', major: '^' }[pinVersions];
    return Object.fromEntries([...newest].map(([type, version]) => [type, `${sign}${version}`]));
  }

  /** @throws LoomError `LOOM_UNKNOWN_ACTOR` for what nobody will ever run, as far as it is known before the start */
  check(plan: Plan, pins: Pins | undefined): void {
    const { worker, routes, workers } = this.#options;
    const unknown = plan.actors.filter((actor) => routes.route(actor, false) === 'nowhere');
    if (unknown.length > 0) {
      const known = worker.registry.list().map(({ type }) => type);
      const meant = unknown.map((actor) => nearestName(actor, known)).filter((name) => name !== undefined);
      const hint = meant.length === 0 ? '' : ` Did you mean ${quoted(meant)}?`;
      const registered = known.length === 0 ? 'none is registered' : `registered are ${quoted(known)}`;
      const message = `No actor ${quoted(unknown)} here; ${registered}.${hint} Call registerActor first.`;
      throw new LoomError('LOOM_UNKNOWN_ACTOR', message, { actors: unknown });
    }
    if (routes.reachesOthers) return;
    for (const need of needsOf(plan, pins)) {
      const missing = workers.explain(need);
      if (missing === undefined) continue;
      const message = `Nobody here runs ${needText(need)}. ${missing.message}`;
      throw new LoomError('LOOM_UNKNOWN_ACTOR', message, { need });
    }
  }

  /** What nobody can run just now is known before it is due. */
  async warn(executionId: string, plan: Plan, pins: Pins | undefined): Promise<void> {
    const { routes, workers, logger } = this.#options;
    if (!routes.reachesOthers) return;
    const needs = needsOf(plan, pins).filter((need) => workers.explain(need) !== undefined);
    const needed = new Set(needs.map(({ type }) => type));
    const actors = plan.actors.filter(
      (actor) => !needed.has(actor) && routes.route(actor, false) === 'queue',
    );
    for (const { type: actor, message } of await workers.missing([...actors, ...needs])) {
      logger.warn('No live worker hosts an actor of this execution; its tasks will wait', {
        executionId,
        actor,
        why: message,
      });
    }
  }
}

const needsByPlan = new WeakMap<Plan, readonly ActorQuery[]>();

/** What tasks need of workers, as far as that does not depend on data. */
function needsOf(plan: Plan, pins: Pins | undefined): readonly ActorQuery[] {
  if (pins !== undefined) return findNeeds(plan, pins);
  const known = needsByPlan.get(plan) ?? findNeeds(plan, undefined);
  needsByPlan.set(plan, known);
  return known;
}

function findNeeds(plan: Plan, pins: Pins | undefined): readonly ActorQuery[] {
  const needs = plan.nodes.flatMap((node) => {
    const known = { ...node, workers: node.workers && { ...node.workers, labels: literalLabels(node) } };
    return choicesOf(node).flatMap((choice) =>
      targetsOf(choice).flatMap((actor) => workerNeed(known, { actor, view: { scope: {} } }, pins) ?? []),
    );
  });
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()];
}

function literalLabels({ workers }: PlanNode) {
  return (workers?.labels ?? []).filter(([, value]) => value.roots.size === 0);
}

function choicesOf({ actor, spec }: PlanNode): readonly ActorChoice[] {
  if (spec.mode === 'broadcast') return spec.actors;
  if (spec.mode === 'fork-join') return spec.branches.map((branch) => branch.actor);
  return actor === undefined ? [] : [actor];
}

function targetsOf(choice: ActorChoice) {
  if (choice.kind === 'literal') return [choice.actor];
  if (choice.kind === 'capability') return [choice];
  if (choice.kind === 'expression') return [];
  return [
    ...choice.rules.map(({ actor }) => actor),
    ...(choice.default === undefined ? [] : [choice.default]),
  ];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
