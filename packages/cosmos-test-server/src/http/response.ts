import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FaultEffect } from '../faults/fault-rule.js';
import { ProtocolError, errorName, substatus } from '../protocol-error.js';
import { charges } from '../store/charge.js';
import type { Reply } from './reply.js';

/** Any failure as an answer. What is not a `ProtocolError` is a defect of this server, and says so. */
export function errorReply(error: unknown): Reply {
  const known =
    error instanceof ProtocolError
      ? error
      : new ProtocolError(500, `The Cosmos DB test server failed: ${stackOf(error)}`);
  const { status, message, additionalErrorInfo } = known;
  const body = { code: errorName(status), message, ...(additionalErrorInfo && { additionalErrorInfo }) };
  return { status, body, headers: headersOf(known), charge: charges.minimum };
}

/** The answer that a fault gives. */
export function faultReply(effect: Extract<FaultEffect, { kind: 'answer' }>): Reply {
  const { status, retryAfterMs } = effect;
  const sub = effect.substatus ?? (status === 410 ? substatus.partitionKeyRangeGone : undefined);
  const headers = retryAfterMs === undefined ? {} : { 'x-ms-retry-after-ms': String(retryAfterMs) };
  const reply = errorReply(new ProtocolError(status, 'A fault was asked for.', { substatus: sub, headers }));
  if (effect.body === 'empty') return { ...reply, body: undefined };
  if (effect.body === 'html') return { ...reply, body: Buffer.from('<html><body>Bad gateway</body></html>') };
  return reply;
}

export function send(response: ServerResponse, { status, body, headers, charge }: Reply): void {
  const isBare = body === undefined || status === 204 || status === 304;
  const isHtml = Buffer.isBuffer(body);
  response.writeHead(status, {
    'content-type': isHtml ? 'text/html' : 'application/json',
    'x-ms-activity-id': randomUUID(),
    'x-ms-version': '2020-07-15',
    'x-ms-serviceversion': 'version=cosmos-test-server',
    'x-ms-request-charge': String(Math.round(charge * 100) / 100),
    ...headers,
  });
  if (isBare) response.end();
  else response.end(isHtml ? body : JSON.stringify(body));
}

function headersOf({ headers, substatus: sub }: ProtocolError): Readonly<Record<string, string>> {
  return { ...headers, ...(sub !== undefined && { 'x-ms-substatus': String(sub) }) };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
