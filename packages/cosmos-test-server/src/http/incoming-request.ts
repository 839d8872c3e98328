import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { badRequest } from '../protocol-error.js';

/** A request whose body has arrived. */
export class IncomingRequest {
  readonly method: string;
  readonly path: string;
  /** Parts of the path, decoded. */
  readonly segments: readonly string[];
  readonly body: Buffer;
  readonly #headers: IncomingHttpHeaders;

  constructor(method: string, path: string, headers: IncomingHttpHeaders, body: Buffer) {
    this.method = method;
    this.path = path;
    this.segments = path.split('/').filter(Boolean).map(decode);
    this.body = body;
    this.#headers = headers;
  }

  /** @throws ProtocolError 400 */
  static async read(message: IncomingMessage): Promise<IncomingRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const [path = '/'] = (message.url ?? '/').split('?');
    return new IncomingRequest(message.method ?? 'GET', path, message.headers, Buffer.concat(chunks));
  }

  /** @param name - in lower case */
  header(name: string): string | undefined {
    const value = this.#headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  }

  /** Whether a header says `true`. */
  flag(name: string): boolean {
    return this.header(name)?.toLowerCase() === 'true';
  }

  /** @returns the body @throws ProtocolError 400 when it is not JSON */
  json(): unknown {
    try {
      return JSON.parse(this.body.toString('utf8'));
    } catch {
      throw badRequest('The request payload is invalid. Ensure to provide a valid request payload.');
    }
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`The path segment ${segment} is not encoded as it should be.`);
  }
}
