// Connections to a Postgres: bounded in number and in time, replaced when they break.

import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { errorCode } from './error-code.ts';
import type { Logger } from './logger.ts';
import type { Secret } from './secret.ts';
import { pgTypes } from './sql-parsers.ts';
import { reasonOf, unavailable } from './sql-unavailable.ts';

export interface PostgresOptions {
  /** `postgres://…`; TLS as it says (`sslmode`, `sslrootcert`, …). */
  readonly url: Secret;
  readonly logger: Logger;
  /** Connections at once. Default: 10. */
  readonly size?: number | undefined;
  /** For a statement, until the server gives it up. Default: 10 s; 0: as long as it takes. */
  readonly statementTimeoutMs?: number | undefined;
  /** How much later than the server we give a statement up ourselves: the network is gone then. Default: 2 s. */
  readonly answerMarginMs?: number | undefined;
}

export interface Postgres {
  readonly dialect: PostgresDialect;
  close(): Promise<void>;
}

const POOL_SIZE = 10;
/** For a connection: a free one, or a new one. */
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const ANSWER_MARGIN_MS = 2_000;
const IDLE_IN_TRANSACTION_MS = 30_000;
const IDLE_MS = 60_000;
/** After a switch to another server behind the same name no connection stays with the old one for long. */
const LIFETIME_SECONDS = 1_800;
const KEEP_ALIVE_MS = 10_000;

export function createPostgres(options: PostgresOptions): Postgres {
  const {
    logger,
    size = POOL_SIZE,
    statementTimeoutMs = STATEMENT_TIMEOUT_MS,
    answerMarginMs = ANSWER_MARGIN_MS,
  } = options;
  const pool = new pg.Pool({
    connectionString: plainSslMode(options.url.reveal()),
    fallback_application_name: 'sluice',
    max: size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: LIFETIME_SECONDS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: pgTypes,
    ...(statementTimeoutMs === 0
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          query_timeout: statementTimeoutMs + answerMarginMs,
          idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
        }),
  });
  // A connection that breaks while nobody waits for it is replaced by the next one asked for. Its error holds the whole
  // client, so that only its words are logged.
  pool.on('error', (error) => logger.debug({ reason: error.message }, 'an idle connection to the database broke'));
  // Between two statements of a transaction the pool does not listen; the next statement tells.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const guarded: PostgresPool = {
    options: {},
    connect: async () => {
      try {
        return guardClient(await pool.connect());
      } catch (error) {
        throw unavailable(error);
      }
    },
    end: () => pool.end(),
  };
  return {
    dialect: new PostgresDialect({ pool: guarded }),
    close: async () => {
      // Kysely ends it, where it was used.
      if (!pool.ending) await pool.end();
    },
  };
}

/** A connection that failed is asked nothing more and does not go back among the others. */
function guardClient(client: pg.PoolClient): PostgresPoolClient {
  let failure: Error | undefined;
  const query = async (text: string, parameters: readonly unknown[]) => {
    if (failure !== undefined) throw failure;
    try {
      return await client.query(text, [...parameters]);
    } catch (error) {
      if (!isConnectionFailure(error)) throw error;
      failure = unavailable(error);
      throw failure;
    }
  };
  return {
    // Cursors, its other form, are not used: the dialect was given none.
    query: query as unknown as PostgresPoolClient['query'],
    release: (isBroken) => client.release(isBroken === true || failure !== undefined),
  };
}

/** What pg says in words alone: of a connection that broke, and of an answer that did not come (`query_timeout`). */
const FAILURE_WORDS = /^(connection terminated|query read timeout|client (has encountered|was closed))/i;

function isConnectionFailure(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return false;
  const isOfSystem = typeof error === 'object' && error !== null && 'syscall' in error;
  return isOfSystem || errorCode(error) === 'EPIPE' || FAILURE_WORDS.test(reasonOf(error));
}

/** pg takes `prefer`, `require` and `verify-ca` for `verify-full`, as we do, but warns of it at each start. */
function plainSslMode(url: string): string {
  if (/[?&]uselibpqcompat=/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}
