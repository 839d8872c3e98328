// Writes packages/pipelines/pipeline.schema.json from the zod schema: `npx tsx scripts/write-pipeline-schema.ts`.
// A test fails when the file says something else than the schema.
import { writeFileSync } from 'node:fs';
import { pipelineJsonSchemaText } from '../packages/pipelines/src/definition/pipeline-json-schema.ts';

writeFileSync(
  new URL('../packages/pipelines/pipeline.schema.json', import.meta.url),
  pipelineJsonSchemaText(),
);
