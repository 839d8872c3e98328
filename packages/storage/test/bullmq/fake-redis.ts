import net from 'node:net';

/** A server that knows a few commands only: for versions of Redis that cannot be had. */
export async function startFakeRedis(
  replies: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let command = /^\*(\d+)\r\n/.exec(text); command !== null; command = /^\*(\d+)\r\n/.exec(text)) {
        const words: string[] = [];
        let rest = text.slice(command[0].length);
        for (let word = 0; word < Number(command[1]); word += 1) {
          const [header = '', length] = /^\$(\d+)\r\n/.exec(rest) ?? [];
          if (rest.length < header.length + Number(length) + 2) return;
          words.push(rest.slice(header.length, header.length + Number(length)));
          rest = rest.slice(header.length + Number(length) + 2);
        }
        text = rest;
        const reply = replies[words[0]?.toUpperCase() ?? ''];
        socket.write(reply ?? `-ERR unknown command '${words[0]}'\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`, close };
}
