import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import {
  bitString,
  boolean,
  generalizedTime,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  utf8String,
} from './der.js';

export interface Certificate {
  /** PEM. Also what a client trusts to trust this server. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
}

const dayMs = 86_400_000;
const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));

/** For `localhost`, 127.0.0.1 and ::1, from yesterday and for a month. Made anew for each server; never stored. */
export function makeCertificate(): Certificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String('localhost'))));
  const now = Date.now();
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ecdsaWithSha256,
    name,
    sequence(generalizedTime(new Date(now - dayMs)), generalizedTime(new Date(now + 30 * dayMs))),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints(), subjectAlternativeName())),
  );
  const signature = sign('sha256', body, keys.privateKey);
  return {
    certificate: pem(sequence(body, ecdsaWithSha256, bitString(signature))),
    privateKey: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

/** Its own authority. */
function basicConstraints(): Buffer {
  return sequence(objectIdentifier('2.5.29.19'), boolean(true), octetString(sequence(boolean(true))));
}

function subjectAlternativeName(): Buffer {
  const names = sequence(
    tagged(0x82, Buffer.from('localhost')),
    tagged(0x87, Buffer.of(127, 0, 0, 1)),
    tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)])),
  );
  return sequence(objectIdentifier('2.5.29.17'), octetString(names));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
