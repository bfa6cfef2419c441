// What a person sees who started the server on a terminal: where it is, how to sign in, and a first call that works.

import type { DocumentMode } from '../core/caller.ts';
import type { TlsConfig } from './config.ts';
import type { Secret } from './secret.ts';

export interface GreetingOptions {
  /** e.g. `http://127.0.0.1:4000` */
  readonly url: string;
  /** undefined: plain HTTP. */
  readonly tls: TlsConfig | undefined;
  readonly adminKey: ShownAdminKey;
  /** A model to try; undefined: there is none. */
  readonly model: string | undefined;
  /** Which documents run with the admin key. */
  readonly documentMode: DocumentMode;
}

export type ShownAdminKey =
  /** From the environment: not printed. */
  | { readonly source: 'ENVIRONMENT' }
  | { readonly source: 'FILE'; readonly key: Secret; readonly file: string }
  /** In the database, which keeps no more than its hash. */
  | { readonly source: 'MADE_NOW'; readonly key: Secret }
  | { readonly source: 'MADE_BEFORE' };

export function shownAdminKey({
  adminKey,
  adminKeyFile,
  madeNow,
}: {
  readonly adminKey: Secret | undefined;
  readonly adminKeyFile: string | undefined;
  /** Made at this start and stored hashed. */
  readonly madeNow: Secret | undefined;
}): ShownAdminKey {
  if (madeNow !== undefined) return { source: 'MADE_NOW', key: madeNow };
  if (adminKey === undefined) return { source: 'MADE_BEFORE' };
  return adminKeyFile === undefined ? { source: 'ENVIRONMENT' } : { source: 'FILE', key: adminKey, file: adminKeyFile };
}

export function greeting({ adminKey, model, documentMode, tls, ...options }: GreetingOptions): string {
  const url = tls === undefined ? options.url : certifiedUrl(options.url, tls);
  const trust = tls?.pair.selfSigned ? ` --cacert ${quoted(tls.certFile)}` : '';
  const shown = textOf(adminKey);
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
  return `\nSluice serves GraphQL at ${url}/graphql\nAdmin key: ${describe(adminKey)}\n\n${tryIt}\n\nStop with Ctrl-C.\n\n`;
}

/** For logs that people read: the one time that a key which is stored hashed can be seen. */
export const adminKeyNotice = (key: Secret): string => `\nAdmin key: ${describe({ source: 'MADE_NOW', key })}\n\n`;

function describe(adminKey: ShownAdminKey): string {
  switch (adminKey.source) {
    case 'ENVIRONMENT':
      return '$SLUICE_ADMIN_KEY (from the environment)';
    case 'FILE':
      return `${adminKey.key.reveal()} (kept in ${adminKey.file})`;
    case 'MADE_NOW':
      return `${adminKey.key.reveal()} (made now and shown this once: the database keeps its hash alone)`;
    case 'MADE_BEFORE':
      return 'the one that was shown when the database was new (SLUICE_ADMIN_KEY brings another one)';
  }
}

function textOf(adminKey: ShownAdminKey): string {
  switch (adminKey.source) {
    case 'ENVIRONMENT':
      return '$SLUICE_ADMIN_KEY';
    case 'MADE_BEFORE':
      return '<your key>';
    default:
      return adminKey.key.reveal();
  }
}

/** By a name that the certificate is good for, if it is one of this machine's. */
function certifiedUrl(url: string, { pair }: TlsConfig): string {
  const { protocol, hostname, port } = new URL(url);
  const isGood = pair.serves(hostname.replace(/^\[|\]$/g, '')) || !pair.serves('localhost');
  return isGood ? url : `${protocol}//localhost:${port}`;
}

const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
