import { cosmosError, cosmosProblem } from '@certoai/loom-core/cosmos';
import { describe, expect, test } from 'vitest';

const answer = (code: number, substatus?: number, fields: object = {}): object =>
  Object.assign(new Error('said'), { code, substatus, ...fields });

describe('what a failure means', () => {
  test.each([
    [answer(404), 'absent'],
    [answer(404, 1_002), 'transient'],
    [answer(404, 1_003), 'missing'],
    [answer(408), 'ambiguous'],
    [answer(409), 'conflict'],
    [answer(410, 1_002), 'ambiguous'],
    [answer(412), 'precondition'],
    [answer(413), 'too-large'],
    [answer(429, 3_200), 'throttled'],
    [answer(449), 'transient'],
    [answer(500), 'ambiguous'],
    [answer(503), 'ambiguous'],
    [answer(401), 'unauthorised'],
    [answer(403, 5_300), 'forbidden'],
    [answer(403, 3), 'transient'],
    [answer(403, 1_014), 'full'],
    [answer(400, 1_001), 'fatal'],
    [{ code: 'ECONNREFUSED' }, 'transient'],
    [{ code: 'ENOTFOUND' }, 'transient'],
    [{ code: 'ECONNRESET' }, 'ambiguous'],
    [{ code: 'TimeoutError' }, 'ambiguous'],
    [{ code: 'REQUEST_SEND_ERROR' }, 'ambiguous'],
    [{ name: 'AbortError' }, 'ambiguous'],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'fatal'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'fatal'],
    [{ name: 'CredentialUnavailableError' }, 'unauthorised'],
    [{ name: 'AggregateAuthenticationError' }, 'unauthorised'],
    // A proxy answered with nothing, or with a page.
    [new TypeError("Cannot read properties of null (reading 'message')"), 'ambiguous'],
    [new SyntaxError('Unexpected token <'), 'ambiguous'],
    ['text', 'ambiguous'],
    [undefined, 'ambiguous'],
    [null, 'ambiguous'],
    // All that one version tells of a whole batch.
    [new Error('Batch request error: Request rate is large. More Request Units may be needed'), 'throttled'],
    [new Error('Batch request error: Request size is too large'), 'too-large'],
    [new Error('Batch request error: Owner resource does not exist'), 'missing'],
    [new Error('Batch request error: principal [x] does not have required RBAC permissions'), 'forbidden'],
    [new Error('Batch request error: read ECONNRESET'), 'ambiguous'],
    // Another one keeps the cause.
    [new Error('Batch request error: said', { cause: answer(429) }), 'throttled'],
  ])('%o', (error, kind) => {
    expect(cosmosProblem(error).kind).toBe(kind);
  });

  test('carries the wait and the cost that the service names', () => {
    const error = answer(429, 3_200, { retryAfterInMs: 12, headers: { 'x-ms-request-charge': '1.5' } });
    expect(cosmosProblem(error)).toEqual({
      kind: 'throttled',
      status: 429,
      substatus: 3_200,
      retryAfterMs: 12,
      requestUnits: 1.5,
    });
    expect(
      cosmosProblem(answer(429, undefined, { retryAfterInMs: Number.NaN })).retryAfterMs,
    ).toBeUndefined();
  });
});

describe('what is said of it', () => {
  const site = {
    place: { account: 'shop', database: 'loom' },
    container: 'execution-spans',
    doing: 'write spans',
    isWrite: true,
  };
  const said = (error: unknown, isWrite = true): string => cosmosError(error, { ...site, isWrite }).message;

  test('names the call, the container and the answer', () => {
    expect(said(answer(400, 1_001))).toMatch(
      /^Cosmos DB could not write spans in "loom\/execution-spans": 400\/1001 said\. /,
    );
  });

  test('names the role that is missing, for whom, and the command that assigns it', () => {
    const text = 'Request is blocked because principal [6d0c] does not have required RBAC permissions';
    const error = Object.assign(new Error(text), { code: 403, substatus: 5_301 });
    expect(said(error)).toContain(
      'az cosmosdb sql role assignment create --account-name shop --resource-group <resource-group> --role-definition-id 00000000-0000-0000-0000-000000000002 --principal-id 6d0c --scope /dbs/loom',
    );
    expect(said(error, false)).toContain('--role-definition-id 00000000-0000-0000-0000-000000000001 ');
  });

  test('tells a firewall and the control plane from a role', () => {
    const firewall = 'Request originated from IP 1.2.3.4 through public internet. This is blocked';
    expect(said(Object.assign(new Error(firewall), { code: 403 }))).toMatch(/firewall of the account/);
    expect(said(answer(403, 5_300))).toMatch(
      /may not create or change databases.*scripts\/azure\/cosmos\.bicep/,
    );
  });

  test('says how to raise the throughput, and where that is of no use', () => {
    expect(said(answer(429, 3_200))).toContain(
      'az cosmosdb sql container throughput update --account-name shop',
    );
    expect(said(answer(429, 3_201))).toMatch(/more RU\/s do not help/);
  });

  test('has a code for what is too large and for a full partition', () => {
    expect(cosmosError(answer(413), site).code).toBe('LOOM_PAYLOAD_TOO_LARGE');
    expect(cosmosError(answer(403, 1_014), site).code).toBe('LOOM_STORE_FULL');
    expect(cosmosError(answer(503), site)).toMatchObject({
      code: 'LOOM_STORE_FAILED',
      details: { kind: 'ambiguous', status: 503, database: 'loom', container: 'execution-spans' },
    });
  });
});
