import { expect, test } from 'vitest';
import { checkInstance } from '../../src/internal/instance-input.js';

const withVersion = (version: unknown): unknown =>
  checkInstance({
    id: 'a',
    worker: 'worker',
    actors: [{ type: 'mailer', version: version as string }],
    status: 'ready',
    slots: { used: 0, total: 1 },
    startedAt: 0,
  }).actors[0]?.version;

// The examples of https://semver.org, which its grammar is known by.
test.each([
  ['0.0.4', '10.20.30', '1.1.2-prerelease+meta', '1.0.0-alpha', '1.0.0-alpha.beta', '1.0.0-alpha0.valid'],
  [
    '1.0.0-alpha-a.b-c-something-long+build.1-aef.1-its-okay',
    '1.0.0-0A.is.legal',
    '1.0.0+0.build.1-rc.10000',
  ],
  ['2.0.1-alpha.1227', '1.2.3----RC-SNAPSHOT.12.9.1--.12+788', '1.0.0+21AF26D3---117B344092BD', '0.0.0'],
])('takes semantic versions: %s, %s, …', (...versions) => {
  for (const version of versions) expect(withVersion(version)).toBe(version);
});

test.each([
  ['1', '1.2', '1.2.3-0123', '1.2.3-0123.0123', '1.1.2+.123', '+invalid', 'alpha', '1.0.0-alpha_beta'],
  ['1.0.0-alpha..', '01.1.1', '1.01.1', '1.1.01', '1.2.3.DEV', '1.2-SNAPSHOT', '-1.0.3-gamma+b7718'],
  ['1.0.0+meta+meta', 'v1.0.0', ' 1.0.0', '1.0.0\n', '', `1.0.0-${'a'.repeat(300)}`, 1, undefined, null, {}],
])('refuses what is none: %s, %s, …', (...versions: readonly unknown[]) => {
  for (const version of versions)
    expect(() => withVersion(version), String(version)).toThrow(
      /^actors\.0\.version of an actor instance is /,
    );
});
