declare const config: ConstructorParameters<typeof Loom>[0]
declare const documentUrl: string
// The sample:
import { Loom } from '@certoai/loom-pipelines'
import pipeline from './workflows/document-processing.json'

const loom = new Loom(config)
const result = await loom.executePipeline(pipeline, { documentUrl })
