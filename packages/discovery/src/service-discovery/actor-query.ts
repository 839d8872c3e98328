import compareVersions from 'semver/functions/compare.js';
import satisfies from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';
import { type ActorInstance, type HostedActor, LoomError } from '@certoai/loom-core';
import { nearestName } from '../internal/nearest-name.js';

/** Everything that is given must fit the same hosted actor. */
export interface ActorQuery {
  readonly type?: string | undefined;
  /** One, or several that must all be there: on the actor or on its instance. */
  readonly capability?: string | readonly string[] | undefined;
  /** One, or several that must all be there. */
  readonly tag?: string | readonly string[] | undefined;
  /** Semantic version range, such as `^1.4`. A prerelease fits only a range that names one of its version. */
  readonly version?: string | undefined;
  /** Labels that the instance must have with these values. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** One hosted actor that fits, and where it runs. */
export interface ActorCandidate {
  readonly instance: ActorInstance;
  readonly actor: HostedActor;
}

export interface ResolvedQuery {
  readonly type: string | undefined;
  readonly capabilities: readonly string[];
  readonly tags: readonly string[];
  readonly version: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** The same for queries that mean the same. */
  readonly id: string;
}

const fields = ['type', 'capability', 'tag', 'version', 'labels'] satisfies (keyof ActorQuery)[];

/** @throws LoomError `LOOM_INVALID_OPTION` for a field that does not exist, or a range that is none */
export function resolveQuery(query: ActorQuery): ResolvedQuery {
  const unknown = Object.keys(query).find((key) => !(fields as readonly string[]).includes(key));
  if (unknown !== undefined) {
    const meant = nearestName(unknown, fields);
    const hint = meant === undefined ? `use ${fields.join(', ')}` : `did you mean ${meant}?`;
    const message = `A query for actors has no ${JSON.stringify(unknown)}; ${hint}${hint.endsWith('?') ? '' : '.'}`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: unknown });
  }
  const { type, capability = [], tag = [], version, labels = {} } = query;
  if (version !== undefined && validRange(version) === null) {
    const message = `version is ${JSON.stringify(version)}; give a semantic version range such as ^1.4 or 2.x.`;
    throw new LoomError('LOOM_INVALID_OPTION', message, { option: 'version', value: version });
  }
  const capabilities = [capability].flat().sort();
  const tags = [tag].flat().sort();
  const sortedLabels = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  const id = JSON.stringify([type, capabilities, tags, version, sortedLabels]);
  return { type, capabilities, tags, version, labels, id };
}

/** @throws LoomError `LOOM_INVALID_OPTION` for a field that does not exist, or a range that is none */
export function checkActorQuery(query: ActorQuery): void {
  resolveQuery(query);
}

/**
 * What {@link ServiceDiscovery.find} finds, among instances that are known already. Pure.
 * @throws LoomError `LOOM_INVALID_OPTION`
 */
export function selectActors(
  instances: readonly ActorInstance[],
  query: ActorQuery,
): readonly ActorCandidate[] {
  return candidatesAmong(instances, resolveQuery(query));
}

/** The highest version of `type` that any of them hosts and takes work for. */
export function newestVersion(instances: readonly ActorInstance[], type: string): string | undefined {
  const versions = selectActors(instances, { type }).map(({ actor }) => actor.version);
  return versions.sort(compareVersions).at(-1);
}

/** What fits and can take work, in the order of the instances. Readers get no instance whose lease has ended. */
export function candidatesAmong(
  instances: readonly ActorInstance[],
  query: ResolvedQuery,
): readonly ActorCandidate[] {
  return instances
    .filter(({ status }) => status === 'ready')
    .flatMap((instance) => hostedThatFit(instance, query).map((actor) => ({ instance, actor })));
}

/** The actors of one instance that fit, whatever its status. */
export function hostedThatFit(
  { actors, labels = {}, capabilities: shared = [] }: ActorInstance,
  query: ResolvedQuery,
): readonly HostedActor[] {
  const { type, capabilities, tags, version } = query;
  if (!Object.entries(query.labels).every(([name, value]) => labels[name] === value)) return [];
  return actors.filter(
    (actor) =>
      (type === undefined || actor.type === type) &&
      capabilities.every((word) => actor.capabilities?.includes(word) || shared.includes(word)) &&
      tags.every((word) => actor.tags?.includes(word)) &&
      (version === undefined || satisfies(actor.version, version)),
  );
}
