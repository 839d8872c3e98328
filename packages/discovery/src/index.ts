export { ActorRegistry } from '@certoai/loom-core';
