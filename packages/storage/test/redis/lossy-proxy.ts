import net from 'node:net';

/** A way to a Redis on which an answer can get lost after the server has done what it was asked for. */
export class LossyProxy {
  readonly url: string;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #isOpen = true;
  #onLoss: (() => void) | undefined;

  private constructor(server: net.Server) {
    this.#server = server;
    this.url = `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  }

  static async to(target: string): Promise<LossyProxy> {
    const { hostname, port } = new URL(target);
    let proxy: LossyProxy | undefined;
    const server = net.createServer((client) => proxy?.join(client, net.connect(Number(port), hostname)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (proxy = new LossyProxy(server));
  }

  join(client: net.Socket, server: net.Socket): void {
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    if (!this.#isOpen) return void client.destroy();
    client.on('data', (data) => server.write(data));
    server.on('data', (data) => {
      if (this.#onLoss === undefined) return void client.write(data);
      this.#onLoss();
      client.destroy();
    });
  }

  /**
   * The next answer is lost, and its connection with it.
   * @param thenClosed - new connections fail too, until {@link open}
   * @returns once it is lost
   */
  loseNextAnswer(thenClosed = false): Promise<void> {
    return new Promise((resolve) => {
      this.#onLoss = () => {
        this.#onLoss = undefined;
        if (thenClosed) this.#isOpen = false;
        resolve();
      };
    });
  }

  open(): void {
    this.#isOpen = true;
  }

  shut(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.shut();
    this.#server.close();
  }
}
