// From credentials as sent to the caller behind them. What is wrong is told in words that help, without the credential.

import type { Caller } from '../../core/caller.ts';
import { SluiceError } from '../../core/errors.ts';
import type { AuthConfig } from '../../platform/config.ts';
import type { Secret } from '../../platform/secret.ts';
import { type ApiKeyEntry, type ApiKeys, couldBeApiKey } from './api-key.ts';

export interface SentCredentials {
  /** `Authorization`, e.g. `Bearer <key>`. */
  readonly authorization?: string | undefined;
  /** `X-API-Key`. */
  readonly apiKey?: string | undefined;
}

export interface Authenticator {
  /** @throws SluiceError UNAUTHENTICATED */
  authenticate(credentials: SentCredentials): Caller;
  /** The same caller as things stand here; undefined: the credentials are good no longer. */
  renew(caller: Caller): Caller | undefined;
}

const BEARER = /^bearer +(\S+) *$/i;
const JSON_WEB_TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
/** Longer than any header a server lets through: nothing below looks at more. */
const LONGEST = 16 * 1024;

export function createAuthenticator({ apiKeys }: { readonly apiKeys: ApiKeys }): Authenticator {
  return {
    authenticate(credentials) {
      const presented = presentedKey(credentials);
      const record = apiKeys.lookup(presented);
      if (record === undefined) throw unknownKey(presented);
      return record.caller;
    },
    renew: apiKeys.renew,
  };
}

function presentedKey({ authorization, apiKey }: SentCredentials): string {
  const header = authorization === undefined || authorization === '' ? undefined : authorization;
  const plain = apiKey === undefined || apiKey === '' ? undefined : apiKey;
  if (header === undefined) {
    if (plain === undefined) throw new SluiceError('UNAUTHENTICATED');
    return plain;
  }
  const bearer = header.length > LONGEST ? undefined : BEARER.exec(header)?.[1];
  if (bearer === undefined) {
    throw new SluiceError('UNAUTHENTICATED', 'The Authorization header is not of the form "Bearer <key>".');
  }
  if (plain !== undefined && plain !== bearer) {
    throw new SluiceError('UNAUTHENTICATED', 'Authorization and X-API-Key hold different keys: send one of them.');
  }
  return bearer;
}

function unknownKey(presented: string): SluiceError {
  if (presented.length <= LONGEST && JSON_WEB_TOKEN.test(presented)) {
    return new SluiceError('UNAUTHENTICATED', 'This looks like a JSON Web Token: this server takes API keys only.');
  }
  if (!couldBeApiKey(presented)) {
    return new SluiceError('UNAUTHENTICATED', 'This is no API key: those are 32 to 256 printable ASCII characters.');
  }
  return new SluiceError('UNAUTHENTICATED', 'This API key is not known here.');
}

const DEFAULT_TENANT = { organizationId: 'default', projectId: 'default' } as const;

/** The admin key and those of the configuration file, all of organization `default`, project `default`. */
export function apiKeyEntries(adminKey: Secret, configured: AuthConfig): readonly ApiKeyEntry[] {
  const admin: ApiKeyEntry = {
    name: 'admin',
    key: adminKey,
    roles: ['OPERATOR', 'ADMIN', 'MEMBER'],
    allowedModels: undefined,
    documentMode: configured.adminDocumentMode,
    ...DEFAULT_TENANT,
  };
  return [admin, ...configured.apiKeys.map((entry) => ({ ...entry, ...DEFAULT_TENANT }))];
}
