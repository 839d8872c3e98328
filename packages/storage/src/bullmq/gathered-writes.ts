/** As much of a socket: the declarations of this package need no types of Node. */
interface SocketLike {
  readonly destroyed: boolean;
  cork(): void;
  uncork(): void;
  setMaxListeners(count: number): unknown;
}

/** What is used of an ioredis client here. */
export interface CommandSender {
  /** Absent while there is no connection. */
  readonly stream?: SocketLike | null | undefined;
  sendCommand(...command: readonly unknown[]): unknown;
}

/**
 * Makes commands that are sent in one turn of the event loop one write to the socket, in their order. A system
 * call for each command is what many small commands cost most, here and at the server.
 */
export function gatherWrites(client: CommandSender): void {
  const send = client.sendCommand.bind(client);
  let held: CommandSender['stream'];
  client.sendCommand = (...command) => {
    const { stream } = client;
    if (stream && !stream.destroyed && stream !== held) {
      held = stream;
      stream.cork();
      process.nextTick(() => {
        if (held === stream) held = undefined;
        stream.uncork();
      });
    }
    return send(...command);
  };
}
