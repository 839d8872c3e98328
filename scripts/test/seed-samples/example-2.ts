import type { Actor, PipelineDefinition } from '@certoai/loom'
declare const config: ConstructorParameters<typeof Loom>[0]
declare const ResearchAgent: new () => Actor
declare const WritingAgent: new () => Actor
declare const ReviewAgent: new () => Actor
declare const aiWorkflow: PipelineDefinition
declare const input: { topic: string }
// The sample:
import { Loom } from '@certoai/loom'

const loom = new Loom(config)

// Register AI agents
loom.registerActor('researcher', ResearchAgent)
loom.registerActor('writer', WritingAgent)
loom.registerActor('reviewer', ReviewAgent)

// Execute AI workflow with human-in-loop
await loom.executePipeline(aiWorkflow, input)
