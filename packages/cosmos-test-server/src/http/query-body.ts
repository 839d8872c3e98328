import { badRequest } from '../protocol-error.js';
import { isObject } from '../store/document.js';
import type { IncomingRequest } from './incoming-request.js';

export interface QueryBody {
  readonly text: string;
  readonly parameters: ReadonlyMap<string, unknown>;
}

/** `{ "query": "…", "parameters": [{ "name": "@a", "value": 1 }] }` @throws ProtocolError 400 */
export function parseQueryBody(request: IncomingRequest): QueryBody {
  const body = request.json();
  if (!isObject(body) || typeof body['query'] !== 'string') throw badRequest('The query text is missing.');
  const list = body['parameters'] ?? [];
  if (!Array.isArray(list)) throw badRequest('The parameters of a query are an array.');
  const parameters = list.map((parameter: unknown) => {
    if (isObject(parameter) && typeof parameter['name'] === 'string')
      return [parameter['name'], parameter['value']] as const;
    throw badRequest('A parameter of a query has a name and a value.');
  });
  return { text: body['query'], parameters: new Map(parameters) };
}
