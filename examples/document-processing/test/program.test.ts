import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { auditWithoutLoom } from './support/drive.ts';
import { folderWith } from './support/folders.ts';
import { folderWithPackages } from './support/many-packages.ts';
import { runAudit, startAudit } from './support/program.ts';

/** Real processes on a machine that has other things to do. */
const patience = { timeout: 180_000 };

function report(cwd: string): Record<string, unknown> {
  const all = JSON.parse(readFileSync(join(cwd, 'loom-report/licences.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  return { ...all, startedAt: '', finishedAt: '', durationMs: 0 };
}

test('audits a folder, and writes what the actors alone would have found', patience, async () => {
  const [folder, cwd] = [realpathSync(folderWithPackages(60)), folderWith()];
  const { code, stdout, stderr } = await runAudit(cwd, [folder]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stdout).toMatch(/^\n63 packages, \d+ licences, \d+ copyright holders\.\n/);
  expect(stdout).toContain(
    'Reports:\n  loom-report/licences.html\n  loom-report/licences.md\n  loom-report/licences.json\n',
  );
  expect(stderr).toContain('read: 63 tasks done');
  expect(stderr).toContain('of them unreadable');
  expect(stdout + stderr).not.toContain('\u001B');
  expect(report(cwd)).toEqual({
    ...(await auditWithoutLoom(folder)),
    startedAt: '',
    finishedAt: '',
    durationMs: 0,
  });
  for (const file of ['licences.html', 'licences.md'])
    expect(existsSync(join(cwd, 'loom-report', file))).toBe(true);
});

test('killed again and again, it ends with the report of an undisturbed audit', patience, async () => {
  const [folder, undisturbed, cwd] = [folderWithPackages(120), folderWith(), folderWith()];
  expect(await runAudit(undisturbed, [folder])).toMatchObject({ code: 0 });

  const resumed: number[] = [];
  for (const aliveMs of [250, 700, 1_100, 50, 1_600]) {
    const { child, ended, said } = startAudit(cwd, [folder, '--slow', '25']);
    await said('Licence audit of');
    await wait(aliveMs);
    child.kill('SIGKILL');
    const { stderr } = await ended;
    const [, done] = /: (\d+) tasks were already done/.exec(stderr) ?? [];
    if (done !== undefined) resumed.push(Number(done));
  }
  const last = await runAudit(cwd, [folder]);
  expect(last).toMatchObject({ code: 0 });
  expect(last.stderr).toMatch(/Going on with the unfinished audit \w+: \d+ tasks were already done/);
  // It always went on, never began again: what is done only grows.
  expect(resumed.length).toBeGreaterThanOrEqual(3);
  expect(resumed).toEqual(resumed.toSorted((a, b) => a - b));
  expect(report(cwd)).toEqual(report(undisturbed));
});

test('after a finished audit a new start begins a new one', patience, async () => {
  const [folder, cwd] = [folderWithPackages(5), folderWith()];
  await runAudit(cwd, [folder]);
  const { code, stderr } = await runAudit(cwd, [folder]);
  expect(code).toBe(0);
  expect(stderr).not.toContain('Going on');
});

test('an unfinished audit waits while another folder is audited', patience, async () => {
  const [first, second, cwd] = [folderWithPackages(80), folderWithPackages(5), folderWith()];
  const { child, ended, said } = startAudit(cwd, [first, '--slow', '50']);
  await said('Licence audit of');
  await wait(500);
  child.kill('SIGKILL');
  await ended;
  const other = await runAudit(cwd, [second, '--output', 'other', '--slow', '1']);
  expect(other).toMatchObject({ code: 0 });
  expect(other.stdout).toContain('8 packages');
  expect(await runAudit(cwd, [first])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('83 packages'),
  });
});

test('Ctrl-C stops it in order, and the next start goes on', patience, async () => {
  const [folder, cwd] = [folderWithPackages(60), folderWith()];
  const { child, ended, said } = startAudit(cwd, [folder, '--slow', '50']);
  await said('Licence audit of');
  await wait(500);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Start again to go on.') });
  expect(await runAudit(cwd, [folder])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Going on with the unfinished audit'),
  });
});

test('--fresh gives up what is unfinished', patience, async () => {
  const [folder, cwd] = [folderWithPackages(60), folderWith()];
  const { child, ended, said } = startAudit(cwd, [folder, '--slow', '50']);
  await said('Licence audit of');
  await wait(500);
  child.kill('SIGKILL');
  await ended;
  const fresh = await runAudit(cwd, [folder, '--fresh']);
  expect(fresh).toMatchObject({ code: 0 });
  expect(fresh.stderr).not.toContain('Going on');
  expect((await runAudit(cwd, [folder])).stderr).not.toContain('Going on');
});

test('two at a time in one place: the second is told who is there', patience, async () => {
  const [folder, cwd] = [folderWithPackages(60), folderWith()];
  const first = startAudit(cwd, [folder, '--slow', '100']);
  await first.said('Licence audit of');
  const second = await runAudit(cwd, [folder]);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(String(first.child.pid));
  expect(second.stderr).not.toMatch(/^\s+at /m);
  first.child.kill('SIGKILL');
  await first.ended;
});

test('a folder without packages gets a report that says so', patience, async () => {
  const [folder, cwd] = [folderWith({ 'src/index.ts': '' }), folderWith()];
  const { code, stdout } = await runAudit(cwd, [folder]);
  expect(code).toBe(0);
  expect(stdout).toContain('No installed packages were found in this folder.');
  expect(readFileSync(join(cwd, 'loom-report/licences.md'), 'utf8')).toContain(
    'No installed packages were found',
  );
});

test('what cannot work is said before anything starts', patience, async () => {
  const cwd = folderWith({ 'a-file': '', 'loom-report': 'in the way' });
  writeFileSync(join(cwd, 'node_modules'), '');
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['no-such-folder'], /^There is no folder .*no-such-folder\. Give a folder that exists/],
    [['a-file'], /a-file is a file\. Give the folder around it\.\n$/],
    [
      ['.'],
      /^The reports cannot be written to .*loom-report \(EEXIST\)\. Give another folder with --output\.\n$/,
    ],
    [['--slow', 'fast'], /^--slow is "fast"/],
    [['--what'], /--what/],
  ];
  for (const [args, message] of refused) {
    const { code, stderr, stdout } = await runAudit(cwd, args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
  expect(existsSync(join(cwd, '.loom'))).toBe(false);
});

test('--help explains', patience, async () => {
  const { code, stdout } = await runAudit(folderWith(), ['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('Usage: npm start -- [folder] [options]');
});
