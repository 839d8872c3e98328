import net from 'node:net';

/** A way to a Redis that a test can cut, and that can be slow. */
export class TcpProxy {
  readonly url: string;
  /** Added to everything the server says; milliseconds. */
  latencyMs = 0;
  /** Added to everything the server is told; milliseconds. */
  requestLatencyMs = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #target: URL;
  #open = true;

  private constructor(server: net.Server, target: string) {
    this.#server = server;
    this.#target = new URL(target);
    this.url = `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  static async to(target: string): Promise<TcpProxy> {
    let proxy: TcpProxy | undefined;
    const server = net.createServer((client) => proxy?.join(client, proxy.connect()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (proxy = new TcpProxy(server, target));
  }

  /** New connections lead there; those there are stay. */
  lead(target: string): void {
    this.#target = new URL(target);
  }

  connect(): net.Socket {
    return net.connect(Number(this.#target.port), this.#target.hostname);
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
    pass(client, upstream, () => this.requestLatencyMs);
    pass(upstream, client, () => this.latencyMs);
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

/** In order, also when the latency becomes less. */
function pass(from: net.Socket, to: net.Socket, latencyMs: () => number): void {
  const waiting: { readonly data: Buffer; readonly dueAt: number }[] = [];
  const send = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const leftMs = next.dueAt - performance.now();
      if (leftMs > 0) return void setTimeout(send, leftMs);
      to.write(next.data);
      waiting.shift();
    }
  };
  from.on('data', (data: Buffer) => {
    waiting.push({ data, dueAt: performance.now() + latencyMs() });
    if (waiting.length === 1) send();
  });
}
