import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisBinary } from './find-redis-binary.mjs';
import { OwnRedis, noOwnRedis } from './own-redis.js';

/** Why tests of TLS are skipped; `undefined` when they are not. */
export const noTlsRedis = noOwnRedis ?? whyNoTls();

function whyNoTls(): string | undefined {
  if (spawnSync('openssl', ['version']).status !== 0) return 'no openssl on this machine';
  const { command = '', env } = findRedisBinary() ?? {};
  // It stops at the first setting that it does not know.
  const { stdout, stderr } = spawnSync(command, ['--tls-port', '0', '--no-such-setting', '1'], {
    env,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`.includes("'tls-port") ? 'redis-server without TLS' : undefined;
}

/** A certificate authority of a test, that others do not know. */
export class TestAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'loom-tls-'));
  /** Where its certificate is. */
  readonly file = join(this.#folder, 'ca.crt');

  constructor() {
    const days = ['-days', '2', '-subj', '/CN=Loom test'];
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      ...days,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    );
    writeFileSync(join(this.#folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
    this.#openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-keyout',
      'server.key',
      '-out',
      'server.csr',
    );
    this.#openssl(
      'x509',
      '-req',
      '-in',
      'server.csr',
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
      '-out',
      'server.crt',
    );
  }

  get certificate(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** What a server is started with, to speak TLS on `port` beside its own. */
  serverArguments(port: number): readonly string[] {
    const files = { cert: 'server.crt', key: 'server.key', 'ca-cert': 'ca.crt' };
    const given = Object.entries(files).flatMap(([name, file]) => [
      `--tls-${name}-file`,
      join(this.#folder, file),
    ]);
    return ['--tls-port', String(port), '--tls-auth-clients', 'no', ...given];
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'ignore' });
  }
}

/** A server that speaks TLS, with a certificate of `authority`. */
export async function startTlsRedis(
  authority: TestAuthority,
): Promise<{ readonly redis: OwnRedis; readonly tlsPort: number }> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: tlsPort } = probe.address() as net.AddressInfo;
  probe.close();
  await once(probe, 'close');
  return { redis: await new OwnRedis().start(...authority.serverArguments(tlsPort)), tlsPort };
}
