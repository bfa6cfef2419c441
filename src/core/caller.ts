// Who asks. Made once per request (or socket) by auth, handed down by value; nothing below reads a header.

export type AccessRole = 'MEMBER' | 'ADMIN' | 'OPERATOR';

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
}
