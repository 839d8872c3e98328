/** What an address says: always host, port and tls; the others when they are part of it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
}

/**
 * @param text - `redis://user:password@host:port/db` or `rediss://…`; port 6379 when there is none
 * @returns its parts, or what is wrong as the second half of a sentence about the setting
 */
export function parseRedisAddress(text: string): RedisAddress | { readonly failure: string } {
  const fail = (what: string) => ({ failure: `${what} It is not shown, as it may hold a password.` });
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || url.port === '0') {
    const hint = 'Write special characters of a password as %XX, or give redis.password beside the address.';
    return fail(`is no address such as redis://localhost:6379. ${hint}`);
  }
  const { username, password, pathname, search, hash } = url;
  if (search !== '' || hash !== '')
    return fail('has options after "?" or "#". Give them as settings, such as redis.tls.');
  const db = /^\/?(\d*)$/.exec(pathname)?.[1];
  if (db === undefined || Number(db) > 65_535)
    return fail('has a path that is no database number, such as /0.');
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 6379),
      tls: url.protocol === 'rediss:',
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
      ...(db && { db: Number(db) }),
    };
  } catch {
    return fail('has a "%" in its user or password that begins no %XX. Write it as %25.');
  }
}

/**
 * Where an address says one thing and a setting beside it another, as the second half of a sentence. A plain
 * address beside `tls: true` is none: the scheme only says what is not asked for.
 */
export function contradictionOf(
  address: RedisAddress,
  beside: (key: keyof RedisAddress) => unknown,
): string | undefined {
  const key = (['username', 'password', 'db', 'tls'] as const).find((name) => {
    const [inside, other] = [address[name], beside(name)];
    const isPlainTls = name === 'tls' && other === true;
    return inside !== undefined && other !== undefined && inside !== other && !isPlainTls;
  });
  return key && `and redis.${key} beside it disagree. Keep one of them.`;
}
