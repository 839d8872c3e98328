// One named step of a command: a short line on stderr, and the details only when it fails.

/**
 * @param {string} name - what is going on, such as `installing`
 * @param {() => Promise<{ readonly ok: boolean, readonly output: string }>} work
 * @returns {Promise<boolean>} whether it succeeded
 */
export async function step(name, work) {
  const startedAt = performance.now();
  process.stderr.write(`${name}… `);
  const { ok, output } = await work().catch((error) => ({
    ok: false,
    output: String(error?.stack ?? error),
  }));
  const seconds = (performance.now() - startedAt) / 1000;
  process.stderr.write(
    `${seconds < 10 ? seconds.toFixed(1) : seconds.toFixed(0)} s${ok ? '' : ', FAILED'}\n`,
  );
  if (!ok) process.stderr.write(`${output.trimEnd()}\n`);
  return ok;
}
