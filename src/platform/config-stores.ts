// What the environment says about stores that nodes share: DATABASE_URL, REDIS_URL, and the secret they then need to share.

import { describeLength } from './config-errors.ts';
import { parseRedisUrl, REDIS_URL_FORMS } from './redis-url.ts';
import { createSecret, type Secret } from './secret.ts';

export interface StoreSettings {
  /** undefined: the embedded database. */
  readonly databaseUrl: Secret | undefined;
  readonly redisUrl: Secret | undefined;
  readonly warnings: readonly string[];
}

type Get = (name: string) => string | undefined;
type Report = (field: string, found: string, expected: string) => undefined;

const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
const DATABASE_URL_FORM = 'postgres://user:password@host:5432/database, with ?sslmode=verify-full for TLS';

export function readStores(get: Get, report: Report): StoreSettings {
  const [database, redis] = [get('DATABASE_URL'), get('REDIS_URL')];
  const problem = database === undefined ? undefined : databaseUrlProblem(database);
  if (database !== undefined && problem !== undefined) report('DATABASE_URL', describeLength(database), problem);
  const isRedis = redis === undefined || parseRedisUrl(redis) !== undefined;
  if (!isRedis) report('REDIS_URL', describeLength(redis), REDIS_URL_FORMS);
  const secret = get('SLUICE_SECRET');
  if (database !== undefined && secret === undefined) {
    report(
      'SLUICE_SECRET',
      'nothing',
      'at least 32 bytes, the same for all nodes that share the database of DATABASE_URL',
    );
  }
  if (get('SLUICE_SECRET_PREVIOUS') !== undefined && secret === undefined) {
    report('SLUICE_SECRET', 'nothing', 'the secret that takes the place of SLUICE_SECRET_PREVIOUS');
  }
  return {
    databaseUrl: database === undefined || problem !== undefined ? undefined : createSecret(database),
    redisUrl: redis === undefined || !isRedis ? undefined : createSecret(redis),
    warnings:
      redis === undefined
        ? []
        : [
            'REDIS_URL is used to tell other nodes of changes at once, and for nothing else: generations, streams and idempotency keys are still kept in the memory of each process.',
          ],
  };
}

/** What was expected instead; undefined: it is fine. */
function databaseUrlProblem(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return DATABASE_URL_FORM;
  const { hostname, searchParams } = new URL(text);
  if (hostname === '' && (searchParams.get('host') ?? '') === '') return `${DATABASE_URL_FORM}; this one names no host`;
  const mode = searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) return `an sslmode that is one of ${SSL_MODES.join(', ')}`;
  return undefined;
}
