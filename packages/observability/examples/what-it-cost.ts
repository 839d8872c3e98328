import { PipelineTracer } from '@certoai/loom-observability';

// A handler records what its model decided with `context.decision({ model, inputTokens, ... })`, and an orchestrator tells
// its tracer. Here a few events stand for both: a model is asked again, because its first answer was of no use.
const tracer = new PipelineTracer();
const executionId = '01J9F3ZK8Q5V0W2X4Y6Z8A0B2C';
const task = { executionId, stage: 'judge', index: 0, actor: 'judge' } as const;
const small = { model: 'small', inputTokens: 900, outputTokens: 40, cost: 0.002 };
const large = { model: 'large', inputTokens: 900, outputTokens: 60, cost: 0.03, outcome: 'approve' };
tracer.observe({ type: 'execution:started', executionId, at: 1_000, name: 'claims' });
for (const [place, decision] of [small, large].entries()) {
  const attempt = { ...task, attempt: place + 1, token: place + 1, at: 1_100 + 200 * place };
  tracer.observe({ ...attempt, type: 'task:decided', number: 0, decision });
  const report = { ...attempt, durationMs: 100 };
  const error = { name: 'SyntaxError', message: 'No JSON.' };
  if (place === 0) tracer.observe({ ...report, type: 'task:failed', error, willRetry: true, delayMs: 100 });
  else tracer.observe({ ...report, type: 'task:completed' });
}

const cost = await tracer.cost(executionId);
console.log(`${cost?.decisions} decisions, ${cost?.inputTokens} tokens in, ${cost?.outputTokens} out`);
for (const { stage, models } of cost?.stages ?? []) {
  for (const { model, cost: money } of models) console.log(`  ${stage}, ${model}: ${money['USD']} USD`);
}
await tracer.close();
