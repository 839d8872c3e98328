/**
 * What a failure of Cosmos DB means for who made the call.
 * - `absent`, `conflict`, `precondition`: an answer about the item (404, 409, 412).
 * - `throttled`, `transient`: nothing was done; the same call may succeed later.
 * - `ambiguous`: nobody knows whether it was done.
 * - all others: trying again changes nothing.
 */
export type CosmosProblemKind =
  | CosmosAnswerKind
  | 'throttled'
  | 'transient'
  | 'ambiguous'
  | 'missing'
  | 'forbidden'
  | 'unauthorised'
  | 'too-large'
  | 'full'
  | 'fatal';

export type CosmosAnswerKind = 'absent' | 'conflict' | 'precondition';

export interface CosmosProblem {
  readonly kind: CosmosProblemKind;
  /** HTTP status. Absent when there was no answer. */
  readonly status?: number | undefined;
  readonly substatus?: number | undefined;
  /** How long to wait by the service's own word; milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Request units that the failed call cost. */
  readonly requestUnits: number;
}

/** The fields that failures of `@azure/cosmos` may have. Versions differ, and an answer without a JSON body has none. */
interface Failure {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly substatus?: unknown;
  readonly retryAfterInMs?: unknown;
  readonly headers?: { readonly 'x-ms-request-charge'?: unknown } | null;
  readonly cause?: unknown;
}

/** https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb */
const kindOfStatus: Readonly<Record<number, CosmosProblemKind>> = {
  401: 'unauthorised',
  403: 'forbidden',
  404: 'absent',
  408: 'ambiguous',
  409: 'conflict',
  410: 'ambiguous',
  412: 'precondition',
  413: 'too-large',
  429: 'throttled',
  449: 'transient',
};

/** By status and substatus, where that says more. */
const kindOfSubstatus: Readonly<Record<string, CosmosProblemKind>> = {
  // The region takes no writes during a failover.
  '403/3': 'transient',
  // 20 GB of one partition key.
  '403/1014': 'full',
  // The replica is behind the session of the client.
  '404/1002': 'transient',
  '404/1003': 'missing',
};

/** Nothing went over the wire. */
const notSent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
const badCertificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_TLS|^EPROTO$/;
/** What `@azure/identity` throws when nobody can sign in. */
const notSignedIn = /^(Aggregate)?Authentication(Required)?Error$|^CredentialUnavailableError$/;

/** A whole batch that failed comes from some versions as a text and nothing else. */
const batchFailure = /^Batch request error: /;
const statusOfText: readonly (readonly [RegExp, number])[] = [
  [/request rate is large/i, 429],
  [/request size is too large/i, 413],
  [/RBAC permissions|cannot be authorized/i, 403],
  [/authorization token/i, 401],
  [/owner resource does not exist/i, 404],
];

/** Pure: reads what was thrown, of whatever version and layer of the package. */
export function cosmosProblem(error: unknown): CosmosProblem {
  const failure = failureIn(error);
  const status = statusOf(failure);
  const requestUnits = Number(failure.headers?.['x-ms-request-charge'] ?? 0) || 0;
  if (status === undefined) return { kind: kindWithoutAnswer(failure), requestUnits };
  const substatus = typeof failure.substatus === 'number' ? failure.substatus : undefined;
  const { retryAfterInMs } = failure;
  return {
    kind: kindWithAnswer(status, substatus, failure),
    status,
    substatus,
    retryAfterMs: typeof retryAfterInMs === 'number' && retryAfterInMs >= 0 ? retryAfterInMs : undefined,
    requestUnits,
  };
}

function failureIn(error: unknown): Failure {
  if (typeof error !== 'object' || error === null) return { message: error };
  const failure = error as Failure;
  const wrapped = failure.code === undefined && typeof failure.cause === 'object' && failure.cause !== null;
  return wrapped && batchFailure.test(String(failure.message)) ? failure.cause : failure;
}

function statusOf({ code, message }: Failure): number | undefined {
  if (typeof code === 'number') return code >= 400 && code < 600 ? code : undefined;
  const text = String(message);
  if (code !== undefined || !batchFailure.test(text)) return undefined;
  return statusOfText.find(([pattern]) => pattern.test(text))?.[1];
}

function kindWithAnswer(
  status: number,
  substatus: number | undefined,
  { message }: Failure,
): CosmosProblemKind {
  const special = kindOfSubstatus[`${status}/${substatus}`];
  if (special !== undefined) return special;
  if (status === 404 && batchFailure.test(String(message))) return 'missing';
  return kindOfStatus[status] ?? (status >= 500 ? 'ambiguous' : 'fatal');
}

function kindWithoutAnswer({ code, name }: Failure): CosmosProblemKind {
  const text = String(code);
  if (notSent.test(text)) return 'transient';
  if (badCertificate.test(text)) return 'fatal';
  return notSignedIn.test(String(name)) ? 'unauthorised' : 'ambiguous';
}
