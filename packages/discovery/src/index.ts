export { ActorRegistry } from '@certoai/loom-core';
export type {
  ActorInstance,
  HostedActor,
  InstanceChange,
  InstanceListOptions,
  InstanceRegistry,
  InstanceSlots,
  InstanceStatus,
  InstanceUpdate,
  InstanceWatchOptions,
} from '@certoai/loom-core';
export { ActorConfigLoader } from './config-loader/actor-config-loader.js';
export type { ActorConfigLoaderOptions } from './config-loader/actor-config-loader.js';
export type { ActorConfigWatch, ActorConfigWatchOptions } from './config-loader/actor-config-watch.js';
export type { Environment } from './config-loader/interpolate.js';
export { agentCard } from './exposure/agent-card.js';
export type { AgentCard, AgentCardOptions, AgentSkill } from './exposure/agent-card.js';
export { mcpTools } from './exposure/mcp-tools.js';
export type { McpTool } from './exposure/mcp-tools.js';
export { hostedActor } from './instances/hosted-actor.js';
export { ActorMetadataSchema } from './metadata/actor-metadata-schema.js';
export type { ActorMetadataZodSchema } from './metadata/actor-metadata-schema.js';
export type {
  ActorCost,
  ActorExample,
  ActorLifecycle,
  ActorLimits,
  ActorMetadata,
  ActorMetadataInput,
  JsonSchema,
  SchemaWithJson,
} from './metadata/actor-metadata.js';
export type { MetadataProblem } from './metadata/describe-problems.js';
export { defineActorMetadata, parseActorMetadata } from './metadata/parse-actor-metadata.js';
export { checkActorQuery, newestVersion, selectActors } from './service-discovery/actor-query.js';
export type { ActorCandidate, ActorQuery } from './service-discovery/actor-query.js';
export { pickConsistently } from './service-discovery/picker.js';
export type { PickOptions, PickStrategy } from './service-discovery/picker.js';
export { planPreflight } from './service-discovery/preflight.js';
export type {
  ActorRequirement,
  MissingActor,
  MissingReason,
  PreflightReport,
} from './service-discovery/preflight.js';
export { ServiceDiscovery } from './service-discovery/service-discovery.js';
export type { ServiceDiscoveryOptions, WatchOptions } from './service-discovery/service-discovery.js';
