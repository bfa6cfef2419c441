// The certificate authorities of a provider: a PEM file beside the configuration file, read and checked at load.

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ConfigProblem, formatPath } from './config-errors.ts';
import { type ConfigFile, isSubstitutedText } from './config-file.ts';
import { errorCode } from './error-code.ts';

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g;
/** Far more than all authorities there are. */
const MOST_BYTES = 4 * 1024 * 1024;

export interface CaFiles {
  /** PEM, by the position of the provider. */
  readonly pems: ReadonlyMap<number, string>;
  readonly problems: readonly ConfigProblem[];
}

/** `folder`: where relative paths start. */
export async function readCaFiles(file: ConfigFile, folder: string): Promise<CaFiles> {
  const pems = new Map<number, string>();
  const problems: ConfigProblem[] = [];
  const providers = (file.value as { readonly providers?: unknown } | undefined)?.providers;
  for (const [index, provider] of (Array.isArray(providers) ? providers : []).entries()) {
    const given = (provider as { readonly caFile?: unknown } | null)?.caFile;
    const path = isSubstitutedText(given) ? given.text : given;
    // What is no text, or a variable that is not set, is told by those who look at the shape.
    if (typeof path !== 'string' || path === '') continue;
    const field = ['providers', index, 'caFile'];
    const pem = await readPem(resolve(folder, path));
    if (typeof pem === 'string') pems.set(index, pem);
    else {
      const at = { place: file.name, line: file.lineOf(field), field: formatPath(field) };
      problems.push({ ...at, found: pem.found, expected: 'a PEM file with the certificates of authorities' });
    }
  }
  return { pems, problems };
}

async function readPem(path: string): Promise<string | { readonly found: string }> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return { found: unreadable(errorCode(error)) };
  }
  if (bytes.length > MOST_BYTES) return { found: `a file of ${bytes.length} bytes` };
  // Only these blocks: a private key that was left in the file goes no further.
  const blocks = bytes.toString('latin1').match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return { found: 'a file without a certificate' };
  const broken = blocks.findIndex((block) => !isCertificate(block));
  return broken === -1 ? blocks.join('\n') : { found: `a file whose certificate ${broken + 1} cannot be read` };
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block) !== undefined;
  } catch {
    return false;
  }
}

function unreadable(code: string | undefined): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'the name of a file that is not there';
  if (code === 'EISDIR') return 'the name of a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'a file that this user may not read';
  return `a file that cannot be read${code === undefined ? '' : ` (${code})`}`;
}
