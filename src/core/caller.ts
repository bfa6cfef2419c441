// Who asks. Made once per request (or socket) by auth, handed down by value; nothing below reads a header.

export type AccessRole = 'MEMBER' | 'ADMIN' | 'OPERATOR';

/**
 * Which documents run for a caller. off: those sent as text, ids are not known. log: both; texts that are in no manifest
 * are logged. allow-known: both, texts only if the manifest has them. require: ids only.
 */
export const DOCUMENT_MODES = ['off', 'log', 'allow-known', 'require'] as const;
export type DocumentMode = (typeof DOCUMENT_MODES)[number];

export interface Caller {
  readonly organizationId: string;
  readonly projectId: string;
  /** The key's lineage (survives rotation) or the user: the scope of idempotency keys and of ownership. */
  readonly principalId: string;
  /** KEY: a server-side caller with an API key. USER: a person behind a token. Sockets are bounded by it. */
  readonly principalKind: 'KEY' | 'USER';
  readonly roles: readonly AccessRole[];
  /** OAuth scopes; empty for API keys, whose roles alone decide. */
  readonly scopes: readonly string[];
  /** Names of the models this caller may use; undefined = all. */
  readonly allowedModels: ReadonlySet<string> | undefined;
  /** undefined: as the server is set. */
  readonly documentMode: DocumentMode | undefined;
}
