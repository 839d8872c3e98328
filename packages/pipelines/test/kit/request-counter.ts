import type { TcpProxy } from '../../../../scripts/redis/tcp-proxy.js';

/** Counts what clients ask of Redis through a proxy, by the name of the command; new connections only. */
export class RequestCounter {
  readonly counts = new Map<string, number>();

  constructor(proxy: TcpProxy) {
    const join = proxy.join.bind(proxy);
    proxy.join = (client, upstream) => {
      let rest: Buffer = Buffer.alloc(0);
      client.on('data', (data: Buffer) => {
        rest = Buffer.concat([rest, data]);
        for (let next = firstRequest(rest); next !== undefined; next = firstRequest(rest)) {
          this.counts.set(next.name, (this.counts.get(next.name) ?? 0) + 1);
          rest = rest.subarray(next.end);
        }
      });
      join(client, upstream);
    };
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** A request is an array of strings, each after its length: `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`. */
function firstRequest(data: Buffer): { readonly name: string; readonly end: number } | undefined {
  let place = 0;
  const line = (): string | undefined => {
    const end = data.indexOf('\r\n', place);
    if (end < 0) return undefined;
    const text = data.toString('latin1', place, end);
    place = end + 2;
    return text;
  };
  let name = '';
  const head = line();
  if (head === undefined) return undefined;
  const parts = Number(head.slice(1));
  for (let part = 0; part < parts; part += 1) {
    const length = Number(line()?.slice(1) ?? Number.NaN);
    if (!(place + length + 2 <= data.length)) return undefined;
    if (part === 0) name = data.toString('latin1', place, place + length).toLowerCase();
    place += length + 2;
  }
  return { name, end: place };
}
