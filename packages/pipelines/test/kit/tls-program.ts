// Runs one pipeline on the Redis at an address, in a process of its own. Argument: the address.
import { Loom } from '../../src/index.js';

const [redis = ''] = process.argv.slice(2);
try {
  await using loom = new Loom({ redis });
  loom.registerActor('double', (n: number) => n * 2);
  const { output } = await loom.executePipeline({ stages: [{ id: 'only', actor: 'double' }] }, 21);
  console.log(`output ${JSON.stringify(output)}`);
} catch (error) {
  console.log(`refused ${(error as Error).message}`);
}
