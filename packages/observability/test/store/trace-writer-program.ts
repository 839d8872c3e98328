// Writes one execution after the other into the folder it is given, and says each that is stored.
import { ExecutionTraceRecorder, openSqliteTraceStore } from '@certoai/loom-observability';
import { wideExecution } from '../support/wide-execution.js';

const [, , folder = ''] = process.argv;
const store = await openSqliteTraceStore({ folder });
const recorder = new ExecutionTraceRecorder(undefined, { store });
// Bounded, should nobody end it.
for (let execution = 0; execution < 2_000; execution++) {
  const executionId = `e-${String(execution).padStart(6, '0')}`;
  for (const event of wideExecution(executionId, 300)) recorder.observe(event);
  await recorder.flush();
  process.stdout.write(`${executionId}\n`);
}
