// The samples of the founding document, as they stand there, on the embedded default.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Actor, ActorWorker, ActorRegistry, Loom } from '../src/index.js';
import * as discovery from '@certoai/loom-discovery';
import * as pipelines from '@certoai/loom-pipelines';
import { expect, test } from 'vitest';

test('the full platform, embedded', async () => {
  const path = mkdtempSync(join(tmpdir(), 'loom-sample-'));
  class PDFExtractor {
    process(message: { readonly pages: number }): unknown {
      return { text: `${message.pages} pages` };
    }
  }
  const pipelineDef = { stages: [{ id: 'extract', actor: 'pdf-extractor' }] };
  const input = { pages: 3 };
  try {
    const loom = new Loom({ embedded: { path } });

    await loom.initialize();

    // Register actors
    loom.registerActor('pdf-extractor', PDFExtractor);

    // Execute pipeline
    const result = await loom.executePipeline(pipelineDef, input);

    expect(result).toMatchObject({ status: 'completed', output: { text: '3 pages' } });
    await loom.close();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});

test('core only', async () => {
  const received: unknown[] = [];
  class MyActor extends Actor {
    async onReceive(message: any) {
      received.push(message);
    }
  }

  const worker = new ActorWorker('my-worker');
  worker.registerActor('my-actor', MyActor);
  await worker.start();

  await worker.ask('my-actor', { hello: 'world' });
  expect(received).toEqual([{ hello: 'world' }]);
  await worker.close();
});

test('the migration guide', async () => {
  class DocumentProcessor {
    async process(message: unknown): Promise<unknown> {
      return { processed: message };
    }
  }
  const config = undefined;
  const input = { file: 'a.pdf' };

  const loom = new Loom(config);
  loom.registerActor('processor', DocumentProcessor);

  const result = await loom.executePipeline(
    {
      stages: [{ id: 'process', actor: 'processor', mode: 'execute' }],
    },
    input,
  );

  expect(result.output).toEqual({ processed: { file: 'a.pdf' } });
  await loom.close();
});

test('a name is one binding, whichever package it is imported from', () => {
  expect(pipelines.Loom).toBe(Loom);
  expect(discovery.ActorRegistry).toBe(ActorRegistry);
});
