// Runs one command and returns what it printed; its output is the error's message when it fails.
import { capture, childEnv } from '../../lib/run.mjs';

export async function shell(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { ok, output } = await capture(command, args, { cwd, env: { ...childEnv, ...env } });
  if (!ok) throw new Error(`${command} ${args.join(' ')}\n${output}`);
  return output;
}
