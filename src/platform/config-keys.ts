// The keys of the configuration: what they must not be, and what about them works otherwise than it may seem.

import type { Clock } from '../core/clock.ts';
import { isMadeKeyForm, isTokenForm } from '../core/credential-form.ts';
import type { ApiKeyConfig, ServerConfig } from './config.ts';
import type { ConfigProblem } from './config-errors.ts';
import type { FileConfig } from './config-schema.ts';
import type { Secret } from './secret.ts';

export const toApiKey = (key: FileConfig['auth']['apiKeys'][number]): ApiKeyConfig => ({
  name: key.name,
  key: key.key,
  roles: key.roles,
  scopes: key.scopes,
  allowedModels: key.allowedModels,
  allowedOrigins: key.allowedOrigins,
  allowedCidrs: key.allowedCidrs,
  documentMode: key.documentMode,
  mayActForEndUsers: key.endUsers,
  expiresAtMs: key.expiresAt,
});

/** A key that looks like something else is taken for it when it is presented, and never found. */
export function formOfOthers(key: string): { readonly found: string; readonly expected: string } | undefined {
  if (isTokenForm(key)) {
    return { found: 'three parts with dots between them, which is how tokens look', expected: 'a key without dots' };
  }
  if (!isMadeKeyForm(key)) return undefined;
  return {
    found: 'a key that begins with slk_, like those kept in the database',
    expected: 'a key that begins otherwise',
  };
}

export function adminKeyProblems(
  adminKey: Secret | undefined,
  apiKeys: FileConfig['auth']['apiKeys'],
): readonly ConfigProblem[] {
  if (adminKey === undefined) return [];
  const at = { place: 'environment', line: undefined, field: 'SLUICE_ADMIN_KEY' };
  const form = formOfOthers(adminKey.reveal());
  if (form !== undefined) return [{ ...at, ...form }];
  const same = apiKeys.find(({ key }) => key.reveal() === adminKey.reveal());
  if (same === undefined) return [];
  return [{ ...at, found: `the key that auth.apiKeys gives to "${same.name}"`, expected: 'a key of its own' }];
}

export function apiKeyWarnings(
  apiKeys: readonly ApiKeyConfig[],
  { allowedOrigins, publicUrl }: Pick<ServerConfig, 'allowedOrigins' | 'publicUrl'>,
  clock: Clock,
): readonly string[] {
  const own = publicUrl === undefined ? [] : [new URL(publicUrl).origin];
  const open = new Set([...allowedOrigins, ...own]);
  return apiKeys.flatMap((key) => {
    const warnings: string[] = [];
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= clock.now()) {
      warnings.push(
        `auth.apiKeys "${key.name}" has expired: nobody gets in with it. Remove it, or set another expiresAt.`,
      );
    }
    const shut = open.has('*') ? undefined : key.allowedOrigins?.find((origin) => !open.has(origin));
    if (shut !== undefined) {
      warnings.push(
        `auth.apiKeys "${key.name}" may be used from ${shut}, which server.allowedOrigins does not name: browsers keep its pages away unless it is this server's own address.`,
      );
    }
    return warnings;
  });
}
