import type { ActorInstance } from '@certoai/loom-core';
import { nearestNames } from '../internal/nearest-name.js';
import { type ActorQuery, hostedThatFit, resolveQuery, type ResolvedQuery } from './actor-query.js';

/** A type that must be there, or whatever fits a query. */
export type ActorRequirement = string | ActorQuery;

/**
 * - `no-instance`: nobody hosts the type
 * - `no-match`: somebody does, in another version, or without the capability, tag or label
 * - `not-ready`: what fits is draining or unhealthy
 */
export type MissingReason = 'no-instance' | 'no-match' | 'not-ready';

export interface MissingActor {
  /** Absent when any type would do. */
  readonly type?: string | undefined;
  readonly reason: MissingReason;
  /** Types that are there under a similar name, the closest first. */
  readonly nearest: readonly string[];
  /** What is missing and what is there instead, as plain sentences. */
  readonly message: string;
}

export interface PreflightReport {
  /** Whether nothing is missing. */
  readonly ok: boolean;
  readonly missing: readonly MissingActor[];
}

/**
 * Which of `required` nobody could run now. Pure.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export function planPreflight(
  required: Iterable<ActorRequirement>,
  instances: readonly ActorInstance[],
): PreflightReport {
  const missing = [...new Set(required)].flatMap((requirement) => missingActor(requirement, instances) ?? []);
  return { ok: missing.length === 0, missing };
}

function missingActor(
  requirement: ActorRequirement,
  instances: readonly ActorInstance[],
): MissingActor | undefined {
  const query = resolveQuery(typeof requirement === 'string' ? { type: requirement } : requirement);
  const { type } = query;
  const what = type === undefined ? `Whatever has ${wanted(query)}` : `Actor type ${JSON.stringify(type)}`;
  const fitting = instances.filter((instance) => hostedThatFit(instance, query).length > 0);
  if (fitting.some(({ status }) => status === 'ready')) return undefined;
  if (fitting.length > 0) {
    const states = [...new Set(fitting.map(({ status }) => status))].sort().join(' and ');
    const who = fitting.length === 1 ? 'Its only instance is' : `Its ${fitting.length} instances are`;
    const message = `${what} takes no work. ${who} ${states}; start another.`;
    return { type, reason: 'not-ready', nearest: [], message };
  }
  const hosted = instances.flatMap(({ actors }) => actors);
  if (type === undefined) {
    const live = [...new Set(hosted.map((actor) => actor.type))].sort();
    const message = `No live instance hosts an actor with ${wanted(query)}; live are ${live.join(', ') || 'none'}.`;
    return { reason: 'no-match', nearest: [], message };
  }
  const versions = [...new Set(hosted.filter((actor) => actor.type === type).map(({ version }) => version))];
  if (versions.length > 0) {
    const message = `${what} is live in ${versions.sort().join(', ')}, and none of it has ${wanted(query)}.`;
    return { type, reason: 'no-match', nearest: [], message };
  }
  const nearest = nearestNames(
    type,
    hosted.map((actor) => actor.type),
  );
  const hint =
    nearest.length > 0
      ? `Did you mean ${nearest.map((name) => JSON.stringify(name)).join(' or ')}?`
      : 'Start a worker that hosts it, or correct the name.';
  return {
    type,
    reason: 'no-instance',
    nearest,
    message: `${what} has no live instance. ${hint}`,
  };
}

/** All but the type. */
function wanted({ version, capabilities, tags, labels }: ResolvedQuery): string {
  return [
    version === undefined ? [] : `version ${version}`,
    capabilities.map((word) => `capability ${word}`),
    tags.map((word) => `tag ${word}`),
    Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
  ]
    .flat()
    .join(', ');
}
