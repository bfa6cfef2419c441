// Tells at the start what still stands on which of the server's secrets: when SLUICE_SECRET_PREVIOUS can go.

import type { KeyUseLogger } from './key-use.ts';
import type { Peppers } from './peppers.ts';
import type { SignInRecords } from './sign-in-records.ts';

export interface SecretsInUseLogger extends KeyUseLogger {
  info(fields: object, message: string): void;
}

export async function tellSecretsInUse({
  records,
  peppers,
  logger,
}: {
  readonly records: () => SignInRecords | undefined;
  readonly peppers: Peppers;
  readonly logger: SecretsInUseLogger;
}): Promise<void> {
  const counts = await count(records, logger);
  if (counts === undefined) return;
  const [, older] = peppers.all;
  const known = new Set(peppers.all.map(({ id }) => id));
  const onOlder = older === undefined ? 0 : (counts.get(older.id) ?? 0);
  const onNone = [...counts].reduce((sum, [id, secrets]) => (known.has(id) ? sum : sum + secrets), 0);
  if (onOlder > 0) {
    logger.warn(
      { secrets: onOlder },
      'API keys still stand on SLUICE_SECRET_PREVIOUS: keep it until each was used once, rotated or revoked',
    );
  } else if (older !== undefined) {
    logger.info(
      {},
      'no API key stands on SLUICE_SECRET_PREVIOUS any more: it can go once the last client token of it has expired, an hour after all nodes write with the new secret',
    );
  }
  if (onNone > 0) {
    logger.warn(
      { secrets: onNone },
      'API keys stand on another secret than SLUICE_SECRET and SLUICE_SECRET_PREVIOUS, and are not known here: set the one they were made with, or rotate them',
    );
  }
}

async function count(
  records: () => SignInRecords | undefined,
  logger: SecretsInUseLogger,
): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    return await records()?.countByPepper();
  } catch (error) {
    logger.warn({ err: error }, 'it cannot be told which secret API keys stand on');
    return undefined;
  }
}
