// The port to idempotency claims: who runs a key first, and what others with the same key are to do. A key is held by
// the generation, or the batch, that runs or ran under it.

/** Where a key counts. Batch items live in a namespace of their batch's key. */
export interface ClaimScope {
  readonly organizationId: string;
  readonly projectId: string;
  readonly principalId: string;
  readonly namespace: string;
  readonly key: string;
}

export type Claim =
  /** The key is the caller's to run. */
  | { readonly type: 'CLAIMED' }
  /** The same input ran or runs under this key: attach to it, or replay it. */
  | { readonly type: 'EXISTS'; readonly holderId: string }
  /** The key was used with other input. */
  | { readonly type: 'MISMATCH' };

export interface IdempotencyClaims {
  claim(scope: ClaimScope, fingerprint: string, holderId: string): Claim;
  /** What `claim` would answer, claiming nothing. */
  look(scope: ClaimScope, fingerprint: string): Claim;
  /** The claim stays for the retention time from now. */
  finish(scope: ClaimScope, holderId: string): void;
  /** The key is free again, if this holder still has it. */
  release(scope: ClaimScope, holderId: string): void;
}
