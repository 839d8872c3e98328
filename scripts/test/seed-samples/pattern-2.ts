import type { ActorRegistry } from '@certoai/loom-core'
// The clients' own types are not there: ioredis and @azure/cosmos are optional peers.
declare const redis: any
declare const redisConfig: { host: string; port: number }
declare const cosmosClient: any
declare const registry: ActorRegistry
// The sample:
import { PipelineOrchestrator } from '@certoai/loom-pipelines'
import { BullMQMessageQueue } from '@certoai/loom-storage'
import { ExecutionTraceRecorder } from '@certoai/loom-observability'

// Build custom configuration
const queue = new BullMQMessageQueue(redis, redisConfig)
const tracer = new ExecutionTraceRecorder(cosmosClient)
const orchestrator = new PipelineOrchestrator(queue, registry, redis, tracer)
