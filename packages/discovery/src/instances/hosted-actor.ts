import type { HostedActor } from '@certoai/loom-core';
import type { ActorMetadata } from '../metadata/actor-metadata.js';

/** What an instance says of an actor type that it hosts. */
export function hostedActor({ type, version, capabilities, tags }: ActorMetadata): HostedActor {
  return { type, version, capabilities, tags };
}
