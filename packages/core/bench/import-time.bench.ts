// How long `import '@certoai/loom-core'` takes in a fresh process, as published.
import { execFileSync } from 'node:child_process';

const runs = 20;
const url = JSON.stringify(import.meta.resolve('@certoai/loom-core'));
const program = `const start = performance.now(); await import(${url}); console.log(performance.now() - start);`;

const milliseconds = Array.from({ length: runs }, () =>
  Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })),
).sort((a, b) => a - b);
const at = (share: number): string => (milliseconds[Math.floor(share * (runs - 1))] ?? Number.NaN).toFixed(1);

console.log(
  `import of core: median ${at(0.5)} ms, fastest ${at(0)} ms, slowest ${at(1)} ms (${runs} processes)`,
);
