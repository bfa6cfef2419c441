// Certificates for tests, made while they run: an authority of their own and servers it vouches for. Node can read
// certificates but not make them, so this writes the few lines of DER that X.509 asks for (RFC 5280).

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
}

export interface CertificateAuthority {
  /** PEM of its own certificate. */
  readonly cert: string;
  /** For a server of these names or IPv4 addresses, valid now unless said otherwise. */
  issue(names: readonly string[], valid?: { readonly from?: Date; readonly to?: Date }): KeyAndCertificate;
}

const element = (tag: number, ...contents: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...contents: readonly Buffer[]): Buffer => element(0x30, ...contents);
const set = (...contents: readonly Buffer[]): Buffer => element(0x31, ...contents);
const octets = (content: Buffer): Buffer => element(0x04, content);
const bits = (content: Buffer, unused = 0): Buffer => element(0x03, Buffer.from([unused]), content);
const integer = (content: Buffer): Buffer => element(0x02, content);
const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text));
const TRUE = element(0x01, Buffer.from([0xff]));
const time = (date: Date): Buffer =>
  element(0x18, Buffer.from(date.toISOString().replace(/\.\d+/, '').replaceAll(/[-:T]/g, '')));

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const group = [part & 127];
    for (let left = part >> 7; left > 0; left >>= 7) group.unshift((left & 127) | 128);
    bytes.push(...group);
  }
  return element(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const nameOf = (commonName: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), utf8(commonName))));
const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
const keyId = (spki: Buffer): Buffer => createHash('sha1').update(spki).digest();
const alternative = (name: string): Buffer =>
  isIP(name) === 4 ? element(0x87, Buffer.from(name.split('.').map(Number))) : element(0x82, Buffer.from(name));

interface Subject {
  readonly name: Buffer;
  readonly spki: Buffer;
}

function certificate(
  subject: Subject,
  issuer: Subject & { readonly key: KeyObject },
  own: Buffer[],
  from: Date,
  to: Date,
) {
  const extensions = [
    ...own,
    extension('2.5.29.14', octets(keyId(subject.spki))),
    extension('2.5.29.35', sequence(element(0x80, keyId(issuer.spki)))),
  ];
  const body = sequence(
    element(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_SHA256,
    issuer.name,
    sequence(time(from), time(to)),
    subject.name,
    subject.spki,
    element(0xa3, sequence(...extensions)),
  );
  return new X509Certificate(sequence(body, ECDSA_SHA256, bits(sign('sha256', body, issuer.key)))).toString();
}

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) };
}

const DAY_MS = 86_400_000;
const yesterday = (): Date => new Date(Date.now() - DAY_MS);
const tomorrow = (): Date => new Date(Date.now() + DAY_MS);

export function createCertificateAuthority(commonName = 'Authority of a test'): CertificateAuthority {
  const { privateKey, spki } = keyPair();
  const self = { name: nameOf(commonName), spki, key: privateKey };
  const mayIssue = [
    extension('2.5.29.19', sequence(TRUE), true),
    // keyCertSign
    extension('2.5.29.15', bits(Buffer.from([0x04]), 2), true),
  ];
  return {
    cert: certificate(self, self, mayIssue, yesterday(), tomorrow()),
    issue(names, { from = yesterday(), to = tomorrow() } = {}) {
      const server = keyPair();
      const subject = { name: nameOf(names[0] ?? ''), spki: server.spki };
      const own = [extension('2.5.29.17', sequence(...names.map(alternative)))];
      return {
        key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cert: certificate(subject, self, own, from, to),
      };
    },
  };
}

/** A server that vouches for itself: its certificate is what its clients have to be handed. */
export function createSelfSignedCertificate(names: readonly string[]): KeyAndCertificate {
  const { privateKey, spki } = keyPair();
  const self = { name: nameOf(names[0] ?? ''), spki, key: privateKey };
  const own = [extension('2.5.29.17', sequence(...names.map(alternative)))];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: certificate(self, self, own, yesterday(), tomorrow()),
  };
}
