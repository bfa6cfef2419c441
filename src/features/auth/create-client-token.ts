// The use case of a client token: made for the key that asks, and written down in the audit log before it is given away.

import type { Actor } from '../../core/access.ts';
import type { Caller } from '../../core/caller.ts';
import type { ClientTokenRequest, MintClientToken } from './mint-client-token.ts';

/** `keyId`: of a stored key, or the name of a configured one. @throws SluiceError ACCESS_UNAVAILABLE */
export type NoteClientToken = (keyId: string, details: Readonly<Record<string, unknown>>, by: Actor) => Promise<void>;

export interface CreateClientTokenOptions {
  readonly requestId: string;
  /** Whether the caller has a model of this name. */
  readonly mayUse: (model: string) => boolean;
}

export interface CreatedClientToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** @throws SluiceError as MintClientToken does; ACCESS_UNAVAILABLE where it cannot be written down. */
export type CreateClientToken = (
  caller: Caller,
  request: ClientTokenRequest,
  options: CreateClientTokenOptions,
) => Promise<CreatedClientToken>;

export const createCreateClientToken =
  (mint: MintClientToken, note: NoteClientToken): CreateClientToken =>
  async (caller, request, { requestId, mayUse }) => {
    const { text, token } = await mint(caller, request, mayUse);
    const { id, user, expiresAtMs, models, origins, madeBy } = token;
    const { principalId, organizationId } = caller;
    const details = { tokenId: id, user, expiresAt: new Date(expiresAtMs).toISOString(), models, origins };
    await note(madeBy.keyId, details, { principalId, organizationId, requestId });
    return { token: text, expiresAtMs };
  };
