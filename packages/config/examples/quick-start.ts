import { fileURLToPath } from 'node:url';
import { formatExplanation, loadConfig } from '@certoai/loom-config';

const config = await loadConfig('loom.config.yaml', {
  // What a deployment would set. Without `env` and `cwd`, the program's own are used.
  env: { LOOM_PROFILE: 'production', REDIS_PASSWORD: 'correct horse', LOOM_WORKER__NAME: 'pod-7' },
  cwd: fileURLToPath(new URL('.', import.meta.url)),
});

console.log(config.worker);
console.log(config.redis);
console.log(formatExplanation(config.explain().filter(({ path }) => /^(redis|worker)/.test(path))));
