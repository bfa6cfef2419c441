// The certificate and the private key the server shows itself with: read from their files and checked to fit each other,
// before anything uses them.

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { errorCode } from './error-code.ts';
import { createSecret, type Secret } from './secret.ts';

export interface TlsFiles {
  /** Absolute paths of PEM files; the certificate's may hold those of its issuers after it. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsPair {
  /** PEM, the server's own first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: Secret;
  /** Milliseconds since the epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** True when clients know it only if they are handed it. */
  readonly selfSigned: boolean;
  /** Whether it is good for this host name or IP address. */
  readonly serves: (host: string) => boolean;
  /** Of the files' content. */
  readonly fingerprint: string;
}

export interface TlsProblem {
  readonly field: keyof TlsFiles;
  readonly found: string;
  readonly expected: string;
}

export type TlsReading =
  | { readonly type: 'GOOD'; readonly pair: TlsPair }
  | { readonly type: 'BAD'; readonly problems: readonly TlsProblem[] };

/** The files as they are, unchecked. */
export interface TlsContent {
  readonly certificate: FileContent;
  readonly key: FileContent;
  /** Equal for equal files. */
  readonly fingerprint: string;
}

type FileContent = { readonly text: string } | { readonly found: string };

const EXPECTED: Readonly<Record<keyof TlsFiles, string>> = {
  certFile: 'a PEM file with the certificate of the server, then those of its issuers',
  keyFile: 'a PEM file with the private key of the first certificate in certFile, without a passphrase',
};
const MOST_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;
const WARN_MS = 21 * DAY_MS;

/** Never rejects. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsContent> {
  const [certificate, key] = await Promise.all([readContent(files.certFile), readContent(files.keyFile)]);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([certificate, key]))
    .digest('hex');
  return { certificate, key, fingerprint };
}

async function readContent(path: string): Promise<FileContent> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { found: 'the name of something that is no file' };
    if (info.size > MOST_BYTES) return { found: `a file of ${info.size} bytes` };
    return { text: await readFile(path, 'latin1') };
  } catch (error) {
    return { found: unreadable(errorCode(error)) };
  }
}

export function checkTlsPair({ certificate, key, fingerprint }: TlsContent): TlsReading {
  const leaf = 'found' in certificate ? certificate.found : readCertificate(certificate.text);
  const privateKey = 'found' in key ? key.found : readKey(key.text);
  if ('found' in certificate || 'found' in key || typeof leaf === 'string' || typeof privateKey === 'string') {
    return { type: 'BAD', problems: [...problemOf('certFile', leaf), ...problemOf('keyFile', privateKey)] };
  }
  if (!leaf.checkPrivateKey(privateKey)) {
    return { type: 'BAD', problems: problemOf('keyFile', 'the key of another certificate') };
  }
  try {
    createSecureContext({ cert: certificate.text, key: key.text });
  } catch (error) {
    // Sound, and still not good enough: a short key, an old digest, an issuer that cannot be read.
    return {
      type: 'BAD',
      problems: problemOf('certFile', `one that OpenSSL refuses (${errorCode(error) ?? 'unknown'})`),
    };
  }
  const pair: TlsPair = {
    certificate: certificate.text,
    key: createSecret(key.text),
    validFromMs: leaf.validFromDate.getTime(),
    validToMs: leaf.validToDate.getTime(),
    selfSigned: leaf.checkIssued(leaf),
    serves: (host) => (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined,
    fingerprint,
  };
  return { type: 'GOOD', pair };
}

/** A text is what was found where something else was sought. */
const problemOf = (field: keyof TlsFiles, found: string | object): readonly TlsProblem[] =>
  typeof found === 'string' ? [{ field, found, expected: EXPECTED[field] }] : [];

function readCertificate(pem: string): X509Certificate | string {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) return 'a file without a certificate';
  try {
    return new X509Certificate(pem);
  } catch {
    return 'a certificate that cannot be read';
  }
}

function readKey(pem: string): KeyObject | string {
  if (/ENCRYPTED/.test(pem)) return 'a key with a passphrase';
  if (!/-----BEGIN (?:\w+ )?PRIVATE KEY-----/.test(pem)) return 'a file without a private key';
  try {
    return createPrivateKey(pem);
  } catch {
    return 'a private key that cannot be read';
  }
}

function unreadable(code: string | undefined): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'the name of a file that is not there';
  if (code === 'EACCES' || code === 'EPERM') return 'a file that this user may not read';
  return `a file that cannot be read${code === undefined ? '' : ` (${code})`}`;
}

/** A sentence for the operator when the end is near, or the beginning still to come; undefined while all is well. */
export function validityWarning(certFile: string, pair: TlsPair, nowMs: number): string | undefined {
  const { validFromMs, validToMs } = pair;
  const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  if (nowMs < validFromMs) return `${certFile}: the certificate is valid from ${dateOf(validFromMs)} only.`;
  const to = dateOf(validToMs);
  if (nowMs >= validToMs) return `${certFile}: the certificate expired on ${to}: clients refuse it. Renew it.`;
  // Short-lived ones are renewed when a third of their life is left.
  const earliestMs = Math.min(WARN_MS, (validToMs - validFromMs) / 3);
  if (validToMs - nowMs > earliestMs) return undefined;
  const days = Math.floor((validToMs - nowMs) / DAY_MS);
  const left = days === 0 ? 'within a day' : days === 1 ? 'in one day' : `in ${days} days`;
  return `${certFile}: the certificate expires on ${to}, ${left}. Renew it.`;
}
