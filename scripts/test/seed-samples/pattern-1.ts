import type { Actor, PipelineDefinition } from '@certoai/loom'
declare const PDFExtractor: new () => Actor
declare const pipelineDef: PipelineDefinition
declare const input: { documentUrl: string }
// The sample:
import { Loom } from '@certoai/loom'

const loom = new Loom({
  redis: { host: 'localhost', port: 6379 },
  cosmos: {
    endpoint: process.env.COSMOS_ENDPOINT,
    // Uses Managed Identity - no key needed!
  }
})

await loom.initialize()

// Register actors
loom.registerActor('pdf-extractor', PDFExtractor)

// Execute pipeline
const result = await loom.executePipeline(pipelineDef, input)
// What its reader does next:
console.log(result.executionId, result.status, result.output)
