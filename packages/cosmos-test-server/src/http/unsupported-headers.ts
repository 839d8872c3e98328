import { badRequest, notImplemented } from '../protocol-error.js';
import type { IncomingRequest } from './incoming-request.js';

/** Headers that ask for what this server has not. The others that it does not read change no answer. */
const unsupported: Readonly<Record<string, string>> = {
  'x-ms-documentdb-pre-trigger-include': 'triggers',
  'x-ms-documentdb-post-trigger-include': 'triggers',
  'x-ms-indexing-directive': 'indexing directives',
  'x-ms-cosmos-offer-autopilot-settings': 'autoscale throughput',
  'x-ms-offer-type': 'offer types',
  'x-ms-cosmos-is-client-encrypted': 'client-side encryption',
  'x-ms-dedicatedgateway-max-age': 'the dedicated gateway',
  'x-ms-dedicatedgateway-bypass-cache': 'the dedicated gateway',
  'x-ms-cosmos-priority-level': 'priority levels',
  'x-ms-cosmos-throughput-bucket': 'throughput buckets',
  'x-ms-documentdb-expiry-seconds': 'resource tokens',
};

/** The account's level is Session: a request may ask for less, and not for more. */
const stronger: readonly string[] = ['Strong', 'BoundedStaleness'];

/** @throws ProtocolError 400, 501 */
export function refuseUnsupported(request: IncomingRequest): void {
  for (const [name, what] of Object.entries(unsupported)) {
    if (request.header(name) !== undefined) throw notImplemented(what);
  }
  const level = request.header('x-ms-consistency-level') ?? '';
  if (stronger.includes(level))
    throw badRequest(`Request consistency level ${level} is stronger than that of the account: Session.`);
}
