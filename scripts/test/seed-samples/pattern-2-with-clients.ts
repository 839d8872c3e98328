import { CosmosClient } from '@azure/cosmos'
import { DefaultAzureCredential } from '@azure/identity'
import { Redis } from 'ioredis'
import { ActorRegistry } from '@certoai/loom-core'
const redisConfig = { host: 'localhost', port: 6379 }
const redis = new Redis(redisConfig)
const cosmosClient = new CosmosClient({ endpoint: 'https://localhost', aadCredentials: new DefaultAzureCredential() })
const registry = new ActorRegistry()
// The sample:
import { PipelineOrchestrator } from '@certoai/loom-pipelines'
import { BullMQMessageQueue } from '@certoai/loom-storage'
import { ExecutionTraceRecorder } from '@certoai/loom-observability'

// Build custom configuration
const queue = new BullMQMessageQueue(redis, redisConfig)
const tracer = new ExecutionTraceRecorder(cosmosClient)
const orchestrator = new PipelineOrchestrator(queue, registry, redis, tracer)
