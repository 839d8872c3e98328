/** Response headers by their lower-case names. */
export type Headers = Readonly<Record<string, string>>;

export interface ProtocolErrorDetails {
  /** `x-ms-substatus`, which tells apart what shares a status. */
  readonly substatus?: number | undefined;
  readonly headers?: Headers | undefined;
  /** What the gateway puts beside `code` and `message` for clients that understand it. */
  readonly additionalErrorInfo?: string | undefined;
}

/** An answer other than success. Thrown by every part of the server, made into a response in one place. */
export class ProtocolError extends Error {
  readonly status: number;
  readonly substatus: number | undefined;
  readonly headers: Headers;
  readonly additionalErrorInfo: string | undefined;

  constructor(status: number, message: string, details: ProtocolErrorDetails = {}) {
    super(message);
    this.status = status;
    this.substatus = details.substatus;
    this.headers = details.headers ?? {};
    this.additionalErrorInfo = details.additionalErrorInfo;
  }

  /** The same answer, and `headers` beside its own. */
  withHeaders(headers: Headers): ProtocolError {
    const { substatus: sub, additionalErrorInfo } = this;
    return new ProtocolError(this.status, this.message, {
      substatus: sub,
      headers: { ...headers, ...this.headers },
      additionalErrorInfo,
    });
  }
}

/** Substatus codes. https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb */
export const substatus = {
  partitionKeyMismatch: 1001,
  readSessionNotAvailable: 1002,
  partitionKeyRangeGone: 1002,
  ownerNotFound: 1003,
  crossPartitionQueryNotServable: 1004,
  patchConditionFailed: 1110,
  throttledByRequestUnits: 3200,
  managementWithToken: 5300,
  roleForbids: 5301,
} as const;

export function badRequest(message: string, sub?: number): ProtocolError {
  return new ProtocolError(400, message, { substatus: sub });
}

export function notFound(): ProtocolError {
  return new ProtocolError(404, 'Entity with the specified id does not exist in the system.');
}

export function ownerNotFound(): ProtocolError {
  return new ProtocolError(404, 'Owner resource does not exist.', { substatus: substatus.ownerNotFound });
}

export function conflict(): ProtocolError {
  return new ProtocolError(409, 'Entity with the specified id already exists in the system.');
}

export function preconditionFailed(sub?: number): ProtocolError {
  return new ProtocolError(
    412,
    'Operation cannot be performed because one of the specified precondition is not met.',
    { substatus: sub },
  );
}

export function tooLarge(): ProtocolError {
  return new ProtocolError(413, 'Request size is too large.');
}

export function rangeGone(): ProtocolError {
  return new ProtocolError(410, 'The requested resource is no longer available at the server.', {
    substatus: substatus.partitionKeyRangeGone,
  });
}

/** For all that the service has and this server has not: said aloud, never approximated. */
export function notImplemented(what: string): ProtocolError {
  return new ProtocolError(501, `The Cosmos DB test server does not implement ${what}.`);
}

const names: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'RequestTimeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  424: 'FailedDependency',
  429: 'TooManyRequests',
  449: 'RetryWith',
  500: 'InternalServerError',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};

/** `code` of an error body. */
export function errorName(status: number): string {
  return names[status] ?? String(status);
}
