import compareVersions from 'semver/functions/compare.js';
import type { ActorMetadata } from '../metadata/actor-metadata.js';

/** The description for those who decide whether to call it: with the replacement, when it is deprecated. */
export function describeActor({ type, description, lifecycle }: ActorMetadata): string {
  const text = description ?? `Actor ${type}.`;
  switch (lifecycle.stage) {
    case 'deprecated':
      return `${text} Deprecated: use ${lifecycle.replacement} instead.`;
    case 'experimental':
      return `${text} Experimental.`;
    case 'beta':
    case 'stable':
    case 'retired':
      return text;
  }
}

/** Of each type the highest version that is not retired, in the order in which the types first appear. */
export function callableActors(actors: readonly ActorMetadata[]): readonly ActorMetadata[] {
  const byType = new Map<string, ActorMetadata>();
  for (const actor of actors) {
    if (actor.lifecycle.stage === 'retired') continue;
    const known = byType.get(actor.type);
    if (known === undefined || compareVersions(actor.version, known.version) > 0)
      byType.set(actor.type, actor);
  }
  return [...byType.values()];
}
