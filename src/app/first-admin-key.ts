// The first key of a database that nodes share: made once, whichever node comes first, and shown by that node alone.

import { type ApiKeySettings, DEFAULT_ORGANIZATION_ID, DEFAULT_PROJECT_ID } from '../core/access.ts';
import { DEFAULT_SCOPES, type DocumentMode } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import type { ApiKeyRepository } from '../features/access/access-store.ts';
import type { MintedKey } from '../features/auth/mint-key.ts';
import type { Logger } from '../platform/logger.ts';
import { createSecret, type Secret } from '../platform/secret.ts';

export interface FirstAdminKeyOptions {
  readonly apiKeys: Pick<ApiKeyRepository, 'create'>;
  readonly mintKey: () => MintedKey;
  readonly documentMode: DocumentMode | undefined;
  /** Told of it if it was made here: it cannot be seen again. */
  readonly onMade: (key: Secret) => void;
  readonly logger: Logger;
}

export interface FirstAdminKey {
  /** Resolves when it is there, or the database did not answer: then it is tried again, until it is or this is closed. */
  make(): Promise<void>;
  close(): Promise<void>;
}

/** The same on every node: only one of them makes it. */
const FIRST_KEY_ID = 'key_first';
const SERVER = { principalId: 'server', organizationId: DEFAULT_ORGANIZATION_ID, requestId: undefined };
const TRY_AGAIN_MS = 5_000;

export function createFirstAdminKey(options: FirstAdminKeyOptions): FirstAdminKey {
  const { onMade, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let making: Promise<void> = Promise.resolve();
  let isClosed = false;
  let hasFailed = false;

  async function attempt(): Promise<void> {
    try {
      const key = await makeOnce(options);
      if (key !== undefined) onMade(key);
    } catch (error) {
      if (!hasFailed) {
        logger.error({ err: error }, 'the first admin key cannot be made or looked for: it is tried again');
      }
      hasFailed = true;
      if (isClosed) return;
      timer = setTimeout(() => {
        making = attempt();
      }, TRY_AGAIN_MS).unref();
    }
  }

  return {
    make() {
      making = attempt();
      return making;
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      return making;
    },
  };
}

/** undefined: it was made before, by whichever node. */
async function makeOnce({ apiKeys, mintKey, documentMode }: FirstAdminKeyOptions): Promise<Secret | undefined> {
  const { key, ...secret } = mintKey();
  const settings: Omit<ApiKeySettings, 'name'> = {
    roles: ['MEMBER', 'ADMIN', 'OPERATOR'],
    scopes: DEFAULT_SCOPES,
    allowedModels: undefined,
    allowedOrigins: undefined,
    allowedCidrs: undefined,
    documentMode,
    mayActForEndUsers: false,
    expiresAtMs: undefined,
  };
  const create = (name: string) =>
    apiKeys.create({ ...settings, name, id: FIRST_KEY_ID, projectId: DEFAULT_PROJECT_ID }, secret, 'ALL', SERVER);
  const made = await create('admin').catch((error: unknown) => {
    // Somebody gave this name to another key while SLUICE_ADMIN_KEY was the first one.
    if (error instanceof SluiceError && error.code === 'CONFLICT') return create('first admin');
    throw error;
  });
  return made && createSecret(key);
}
