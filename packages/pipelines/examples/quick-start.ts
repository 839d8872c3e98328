import { definePipeline, Loom } from '@certoai/loom-pipelines';

interface Document {
  readonly name: string;
  readonly text: string;
}

// A folder. Without it everything is in memory, and gone with the process.
const loom = new Loom({ embedded: { path: '.loom' } });
loom.registerActor('count', ({ name, text }: Document) => `${name}: ${text.split(/\s+/).length} words`);
loom.registerActor('report', (lines: readonly string[]) => lines.join('\n'));

const wordCount = definePipeline({
  name: 'word-count',
  stages: [
    { id: 'count', mode: 'scatter', scatter: { over: 'input.documents', concurrency: 8 }, actor: 'count' },
    { id: 'report', actor: 'report', retry: { maxAttempts: 3 } },
  ],
});

const documents: readonly Document[] = [
  { name: 'a.txt', text: 'Call me Ishmael.' },
  { name: 'b.txt', text: 'It was a bright cold day in April' },
];
const { output } = await loom.executePipeline(wordCount, { documents });
console.log(output);
await loom.close();
