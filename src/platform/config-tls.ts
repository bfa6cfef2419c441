// What the configuration says of TLS: the server's own certificate, read and checked at load, and what to warn of.

import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { isEverywhere } from './address-ranges.ts';
import type { ServerConfig, TlsConfig } from './config.ts';
import { type ConfigProblem, formatPath } from './config-errors.ts';
import { type ConfigFile, textAt } from './config-file.ts';
import { checkTlsPair, readTlsFiles, validityWarning } from './tls-pair.ts';

export interface ConfiguredTls {
  readonly tls: TlsConfig | undefined;
  readonly problems: readonly ConfigProblem[];
}

const NONE: ConfiguredTls = { tls: undefined, problems: [] };

/** Of the file as read, whole or not, so that these problems are told beside the others. `folder`: where paths start. */
export async function readConfiguredTls(file: ConfigFile, folder: string): Promise<ConfiguredTls> {
  const certFile = textAt(file, ['server', 'tls', 'certFile']);
  const keyFile = textAt(file, ['server', 'tls', 'keyFile']);
  // What is not there, or no text, is told by those who look at the shape.
  if (certFile === undefined || keyFile === undefined) return NONE;
  const files = { certFile: resolve(folder, certFile), keyFile: resolve(folder, keyFile) };
  const reading = checkTlsPair(await readTlsFiles(files));
  if (reading.type === 'GOOD') return { tls: { ...files, pair: reading.pair }, problems: [] };
  const problems = reading.problems.map(({ field, found, expected }): ConfigProblem => {
    const path = ['server', 'tls', field];
    return { place: file.name, line: file.lineOf(path), field: formatPath(path), found, expected };
  });
  return { tls: undefined, problems };
}

export function tlsWarnings({ tls, trustedProxies }: ServerConfig, clock: Clock): readonly string[] {
  const validity = tls && validityWarning(tls.certFile, tls.pair, clock.now());
  const everywhere = trustedProxies
    .filter(isEverywhere)
    .map(
      (range) =>
        `server.trustedProxies: ${range} are all addresses: any client may claim to have come over https, and from where it likes.`,
    );
  return validity === undefined ? everywhere : [validity, ...everywhere];
}
