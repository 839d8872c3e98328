import { LoomError } from '@certoai/loom-core';

/**
 * Why a connection could not be made over TLS, when trying again does not change it; `undefined` for any other error.
 * For the codes see https://nodejs.org/api/tls.html#x509-certificate-error-codes.
 * @param where - for people: "Redis at localhost:6379"
 */
export function refusedTls(error: Error, where: string): LoomError | undefined {
  // OpenSSL has the reason beside a message of its own.
  const { code, reason = error.message } = error as { readonly code?: unknown; readonly reason?: string };
  if (typeof code !== 'string' || !/CERT|ISSUER|VERIFY|HOSTNAME/.test(code)) return undefined;
  const message =
    `${where} could not be connected to by TLS: ${reason.replace(/\.$/, '')}. ` +
    'Use the host name that is in its certificate; and give the authority of a private certificate in the ' +
    'tls.ca of ioredis options, or to the whole process in NODE_EXTRA_CA_CERTS.';
  return new LoomError('LOOM_STORE_FAILED', message, { code }, { cause: error });
}
