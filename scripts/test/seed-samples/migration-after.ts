declare const config: ConstructorParameters<typeof Loom>[0]
declare class DocumentProcessor {
  process(message: any): Promise<unknown>
}
declare const input: { documentUrl: string }
// The sample:
// New: Platform handles everything
import { Loom } from '@certoai/loom'

const loom = new Loom(config)
loom.registerActor('processor', DocumentProcessor)

await loom.executePipeline({
  stages: [
    { id: 'process', actor: 'processor', mode: 'execute' }
  ]
}, input)
