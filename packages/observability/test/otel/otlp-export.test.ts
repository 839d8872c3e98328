import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LoomIdGenerator, OpenTelemetryTracer } from '@certoai/loom-observability';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { smallExecution } from '../support/small-execution.js';

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
}
interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) body += String(part);
  return body;
}

test('the spans of an execution reach a receiver of OTLP over HTTP', async () => {
  const received: OtlpSpan[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { resourceSpans } = JSON.parse(body) as OtlpRequest;
      received.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ids = new LoomIdGenerator();
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const provider = new BasicTracerProvider({
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  try {
    using tracer = new OpenTelemetryTracer({ tracer: provider.getTracer('loom'), ids });
    for (const event of smallExecution('01J9F00000000000000000000A')) tracer.observe(event);
    await provider.forceFlush();
  } finally {
    await provider.shutdown();
    server.close();
  }
  expect(received).toHaveLength(7);
  expect(new Set(received.map(({ traceId }) => traceId))).toEqual(
    new Set(['01925e0000000000000000000000000a']),
  );
  const root = received.find(({ name }) => name === 'execution orders');
  expect(root).toMatchObject({ startTimeUnixNano: '1000000000' });
  expect(root?.parentSpanId ?? '').toBe('');
  const stages = received.filter(({ name }) => name.startsWith('stage '));
  expect(stages.map(({ parentSpanId }) => parentSpanId)).toEqual([root?.spanId, root?.spanId]);
});
