// What a person sees who started the server on a terminal: where it is, how to sign in, and a first call that works.

import type { DocumentMode } from '../core/caller.ts';
import type { TlsConfig } from './config.ts';
import type { Secret } from './secret.ts';

export interface GreetingOptions {
  /** e.g. `http://127.0.0.1:4000` */
  readonly url: string;
  /** undefined: plain HTTP. */
  readonly tls: TlsConfig | undefined;
  readonly adminKey: Secret;
  /** Where the admin key is kept; undefined: it came from the environment and is not printed. */
  readonly adminKeyFile: string | undefined;
  /** A model to try; undefined: there is none. */
  readonly model: string | undefined;
  /** Which documents run with the admin key. */
  readonly documentMode: DocumentMode;
}

export function greeting({ adminKey, adminKeyFile, model, documentMode, tls, ...options }: GreetingOptions): string {
  const url = tls === undefined ? options.url : certifiedUrl(options.url, tls);
  const trust = tls?.pair.selfSigned ? ` --cacert ${quoted(tls.certFile)}` : '';
  const shown = adminKeyFile === undefined ? '$SLUICE_ADMIN_KEY' : adminKey.reveal();
  const where = adminKeyFile === undefined ? 'from the environment' : `kept in ${adminKeyFile}`;
  const document =
    'mutation { generate(input: { model: \\"MODEL\\", prompt: \\"Why is the sky blue?\\" }) ' +
    '{ __typename ... on GenerateSuccess { generation { text usage { totalTokens costUsd } } } ... on UserError { message } } }';
  const isTextRefused = documentMode === 'allow-known' || documentMode === 'require';
  const tryIt = isTextRefused
    ? `Only trusted documents run with the admin key (mode ${documentMode}); auth.adminDocumentMode: off lets it run any.`
    : model === undefined
      ? 'No model is configured yet.'
      : [
          'Try it:',
          '',
          `curl -s${trust} ${url}/graphql \\`,
          `  -H "Authorization: Bearer ${shown}" -H "Content-Type: application/json" \\`,
          `  -d '{"query":"${document.replace('MODEL', model)}"}'`,
        ].join('\n');
  return `\nSluice serves GraphQL at ${url}/graphql\nAdmin key: ${shown} (${where})\n\n${tryIt}\n\nStop with Ctrl-C.\n\n`;
}

/** By a name that the certificate is good for, if it is one of this machine's. */
function certifiedUrl(url: string, { pair }: TlsConfig): string {
  const { protocol, hostname, port } = new URL(url);
  const isGood = pair.serves(hostname.replace(/^\[|\]$/g, '')) || !pair.serves('localhost');
  return isGood ? url : `${protocol}//localhost:${port}`;
}

const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
