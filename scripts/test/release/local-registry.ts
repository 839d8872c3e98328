// A registry of this test's own: Verdaccio on the loopback address, without an uplink.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { tool } from '../../lib/paths.mjs';

const config = `
storage: ./storage
auth: { htpasswd: { file: ./htpasswd } }
uplinks: {}
packages:
  '**': { access: $all, publish: $all }
log: { type: stdout, format: pretty, level: error }
`;

export class LocalRegistry {
  readonly url: string;
  /** A publisher's settings: a token, which this registry does not check. */
  readonly npmrc: string;
  readonly #server: ChildProcess;

  private constructor(url: string, npmrc: string, server: ChildProcess) {
    this.url = url;
    this.npmrc = npmrc;
    this.#server = server;
  }

  static async start(folder: string): Promise<LocalRegistry> {
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const configFile = join(folder, 'config.yaml');
    const npmrc = join(folder, 'npmrc');
    writeFileSync(configFile, config);
    writeFileSync(npmrc, `//127.0.0.1:${port}/:_authToken=local\n`);
    const args = [tool('verdaccio/bin/verdaccio'), '--config', configFile, '--listen', `127.0.0.1:${port}`];
    const server = spawn(process.execPath, ['--no-warnings', ...args], { cwd: folder, stdio: 'ignore' });
    const registry = new LocalRegistry(url, npmrc, server);
    process.once('exit', () => server.kill('SIGKILL'));
    await registry.#ready();
    return registry;
  }

  /** What was published under this name, newest version last. */
  async versions(name: string): Promise<readonly PublishedVersion[]> {
    const response = await fetch(this.url + name.replace('/', '%2f'));
    if (!response.ok) throw new Error(`${name} is not in the registry: ${response.status}`);
    const { versions } = (await response.json()) as { readonly versions: Record<string, PublishedVersion> };
    return Object.values(versions);
  }

  async stop(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return;
    const exited = once(this.#server, 'exit');
    this.#server.kill('SIGTERM');
    await exited;
  }

  async #ready(): Promise<void> {
    for (let tries = 0; tries < 300 && this.#server.exitCode === null; tries += 1) {
      const response = await fetch(`${this.url}-/ping`).catch(() => undefined);
      if (response?.ok) return;
      await wait(100);
    }
    await this.stop();
    throw new Error('Verdaccio did not start.');
  }
}

export interface PublishedVersion {
  readonly name: string;
  readonly version: string;
  readonly dist: { readonly tarball: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
