import { describe, expect, test } from 'vitest';
import { describeSettings, isConfigError, loadConfig, resolveConfig, type LoomConfig } from '../src/index.js';
import { nest } from './support/arbitrary-settings.js';

const numbers = (await describeSettings()).flatMap((setting) =>
  setting.type.kind === 'number' ? [{ ...setting, type: setting.type }] : [],
);

function configOf(path: string, value: unknown): LoomConfig {
  const given = nest({ [path]: value as number });
  return { ...given, redis: { host: 'h', ...given.redis } };
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((reason: unknown) => reason);
  expect(isConfigError(error, 'LOOM_INVALID_CONFIG')).toBe(true);
  return (error as Error).message;
}

describe.each(numbers)('$path', ({ path, variable, type, default: preset }) => {
  test.each([
    NaN,
    Infinity,
    -Infinity,
    -1,
    1.5,
    type.minimum - 1,
    type.maximum + 1,
    Number.MAX_VALUE,
    '',
    '1',
    null,
    true,
    [],
    {},
    1n,
  ])('%p is refused', async (value) => {
    const message = await refusal(resolveConfig(configOf(path, value)));
    expect(message).toContain(`${path} (code) is `);
    expect(message).toContain('Give a whole number');
  });

  test.each(['NaN', 'Infinity', '-1', '1.5', 'ten', '1e400', '0x10', '1_000', '1 000', '10kb', ' ', 'null'])(
    '%j in the environment is refused and names the variable',
    async (text) => {
      const message = await refusal(
        loadConfig({ cwd: '/', env: { [variable]: text, LOOM_REDIS__HOST: 'h' } }),
      );
      expect(message).toContain(`${path} (${variable}) is `);
    },
  );

  test('undefined means the default, and both ends of the range fit', async () => {
    const read = async (value: unknown) => {
      const config = (await resolveConfig(configOf(path, value))) as unknown as Record<
        string,
        Record<string, unknown>
      >;
      const [block = '', key = ''] = path.split('.');
      return config[block]?.[key];
    };
    expect(await read(undefined)).toBe(preset);
    expect(await read(type.minimum)).toBe(type.minimum);
    expect(await read(type.maximum)).toBe(type.maximum);
  });
});
