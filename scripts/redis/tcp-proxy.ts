import net from 'node:net';

/** A way to a Redis that a test can cut, and that can be slow. */
export class TcpProxy {
  readonly url: string;
  /** Added to everything the server says; milliseconds. */
  latencyMs = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #open = true;

  private constructor(server: net.Server) {
    this.#server = server;
    this.url = `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  static async to(target: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(target);
    let proxy: TcpProxy | undefined;
    const server = net.createServer((client) => proxy?.join(client, net.connect(Number(port), hostname)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (proxy = new TcpProxy(server));
  }

  join(client: net.Socket, upstream: net.Socket): void {
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    if (!this.#open) return void client.destroy();
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      if (this.latencyMs === 0) client.write(data);
      else setTimeout(() => client.write(data), this.latencyMs);
    });
  }

  /** Connections there are stay open, and nothing comes through them any more; new ones work. */
  silence(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('data').pause();
  }

  /** Every connection ends, and new ones do too, until {@link restore}. */
  cut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.#open = true;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}
