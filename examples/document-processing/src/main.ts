import { access, constants, mkdir, realpath, stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { findWorkspace } from './find/find-workspace.ts';
import { type AuditOptions, parseOptions, usage } from './options.ts';
import { doneTasks } from './progress/audit-progress.ts';
import { ProgressDisplay } from './progress/progress-display.ts';
import { painter } from './progress/render-progress.ts';
import { renderOutcome } from './report/outcome.ts';
import { Audit } from './run-audit.ts';

/** Something the reader can put right: a sentence, and no stack. */
class Refusal extends Error {}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const folder = await auditedFolder(options.folder);
  const output = await writableFolder(options.output);
  const color = process.stderr.isTTY && process.env['NO_COLOR'] === undefined;
  const paint = painter(color);

  const audit = await Audit.open({
    folder,
    output,
    store: resolve(options.store),
    slowMs: options.slowMs,
    fresh: options.fresh,
  });
  const stopped = new Promise<'stopped'>((settle) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => settle('stopped'));
  });
  const display = new ProgressDisplay({
    screen: process.stderr,
    color,
    hints: [
      `Try it: "kill -9 ${process.pid}" in another terminal, then start again.`,
      ...(options.slowMs === 0 ? ['Too quick for that? Start it with: npm start -- --slow 20'] : []),
    ],
    now: () => performance.now(),
    progress: () => audit.progress,
  });
  try {
    process.stderr.write(`${paint.bold('Licence audit')} of ${folder}\n`);
    if (audit.resumed) {
      process.stderr.write(
        `Going on with the unfinished audit ${audit.id}: ${doneTasks(audit.progress)} tasks were already done.\n`,
      );
    }
    display.start();
    const finishing = audit.finish();
    // Its failure is seen below; after a signal nobody asks any more.
    finishing.catch(() => undefined);
    const outcome = await Promise.race([finishing, stopped]);
    display.stop();
    if (outcome === 'stopped') {
      process.stderr.write(`Stopped with ${doneTasks(audit.progress)} tasks done. Start again to go on.\n`);
      return 130;
    }
    process.stdout.write(renderOutcome(outcome, shorten, process.stdout.columns ?? 100));
    return 0;
  } finally {
    display.stop();
    await audit.close();
  }
}

function readOptions(): AuditOptions {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, {
      cause: error,
    });
  }
}

async function auditedFolder(given: string | undefined): Promise<string> {
  const folder = given === undefined ? findWorkspace(process.cwd()) : resolve(given);
  const found = await stat(folder).catch(() => undefined);
  if (!found)
    throw new Refusal(
      `There is no folder ${folder}. Give a folder that exists, or none for the workspace around here.\n`,
    );
  if (!found.isDirectory()) throw new Refusal(`${folder} is a file. Give the folder around it.\n`);
  return realpath(folder);
}

/** From here, where that is shorter. */
function shorten(file: string): string {
  const fromHere = relative(process.cwd(), file);
  return fromHere.startsWith('..') ? file : fromHere;
}

/** Better now than after the work. */
async function writableFolder(given: string): Promise<string> {
  const folder = resolve(given);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new Refusal(
      `The reports cannot be written to ${folder} (${code}). Give another folder with --output.\n`,
      { cause },
    );
  }
}

process.exitCode = await main().catch((error: unknown) => {
  if (error instanceof Refusal) process.stderr.write(error.message);
  else
    process.stderr.write(
      `${error instanceof Error ? (process.env['DEBUG'] ? error.stack : error.message) : String(error)}\n`,
    );
  return error instanceof Refusal ? 2 : 1;
});
