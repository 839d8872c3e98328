import type { ActorInstance } from '@certoai/loom-core';
import { nearestNames } from '../internal/nearest-name.js';
import { type ActorQuery, hostedThatFit, resolveQuery } from './actor-query.js';

/** A type that must be there, with what else must hold of it. */
export type ActorRequirement = string | (ActorQuery & { readonly type: string });

/**
 * - `no-instance`: nobody hosts the type
 * - `no-match`: somebody does, in another version, or without the capability, tag or label
 * - `not-ready`: what fits is draining or unhealthy
 */
export type MissingReason = 'no-instance' | 'no-match' | 'not-ready';

export interface MissingActor {
  readonly type: string;
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
  const type = query.type ?? '';
  const quoted = JSON.stringify(type);
  const fitting = instances.filter((instance) => hostedThatFit(instance, query).length > 0);
  if (fitting.some(({ status }) => status === 'ready')) return undefined;
  if (fitting.length > 0) {
    const states = [...new Set(fitting.map(({ status }) => status))].sort().join(' and ');
    const who = fitting.length === 1 ? 'Its only instance is' : `Its ${fitting.length} instances are`;
    const message = `Actor type ${quoted} takes no work. ${who} ${states}; start another.`;
    return { type, reason: 'not-ready', nearest: [], message };
  }
  const hosted = instances.flatMap(({ actors }) => actors);
  const versions = [...new Set(hosted.filter((actor) => actor.type === type).map(({ version }) => version))];
  if (versions.length > 0) {
    const wanted = [
      query.version === undefined ? [] : `version ${query.version}`,
      query.capabilities.map((word) => `capability ${word}`),
      query.tags.map((word) => `tag ${word}`),
      Object.entries(query.labels).map(([name, value]) => `label ${name}=${value}`),
    ].flat();
    const message = `Actor type ${quoted} is live in ${versions.sort().join(', ')}, and none of it has ${wanted.join(', ')}.`;
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
    message: `Actor type ${quoted} has no live instance. ${hint}`,
  };
}
