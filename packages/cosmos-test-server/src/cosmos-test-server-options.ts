import { randomBytes } from 'node:crypto';
import { oneOf, wholeNumber } from './check-value.js';

export interface CosmosTestServerOptions {
  /** On loopback; 0 for a free one. @default 0 */
  readonly port?: number | undefined;
  /** With a certificate that is made at start: bearer tokens need it. @default false */
  readonly https?: boolean | undefined;
  /** Physical partitions of a new container, 1 to 100. @default 4, so that nothing works by there being one */
  readonly partitions?: number | undefined;
  /** Base64. @default random */
  readonly key?: string | undefined;
  /** Whether the key is accepted; without it only bearer tokens are. @default true */
  readonly localAuth?: boolean | undefined;
}

export interface ResolvedCosmosTestServerOptions {
  readonly port: number;
  readonly https: boolean;
  readonly partitions: number;
  readonly key: string;
  readonly localAuth: boolean;
}

/** @throws RangeError */
export function resolveOptions(options: CosmosTestServerOptions = {}): ResolvedCosmosTestServerOptions {
  const {
    port = 0,
    https = false,
    partitions = 4,
    key = randomBytes(64).toString('base64'),
    localAuth = true,
  } = options;
  wholeNumber('port', port, 0, 65_535);
  wholeNumber('partitions', partitions, 1, 100);
  oneOf('https', https, [true, false]);
  oneOf('localAuth', localAuth, [true, false]);
  if (typeof key !== 'string' || key === '' || Buffer.from(key, 'base64').toString('base64') !== key)
    throw new RangeError('key is not base64; give the text of a key, or leave it out.');
  return { port, https, partitions, key, localAuth };
}
