// The database as the repositories ask it: what goes wrong there comes back in our words. What is certain to have left
// nothing behind (two transactions that wait for each other) is tried again; what may have been done is not.

import type { Kysely, Transaction } from 'kysely';
import { SluiceError } from '../../core/errors.ts';
import { errorCode } from '../../platform/error-code.ts';
import type { SqlDatabase } from '../../platform/sql-database.ts';
import { isUnavailable } from '../../platform/sql-unavailable.ts';
import type { AccessTables } from './sql-tables.ts';
import { createTurns } from './turns.ts';

/** @throws SluiceError ACCESS_UNAVAILABLE, CONFLICT, BAD_USER_INPUT */
export interface AccessDatabase {
  read<Result>(ask: (db: Kysely<AccessTables>) => Promise<Result>): Promise<Result>;
  /** In one transaction. `make` may run several times, each as if the ones before had not been. */
  change<Result>(make: (trx: Transaction<AccessTables>) => Promise<Result>): Promise<Result>;
  /** One statement that may simply be done again. */
  write(run: (db: Kysely<AccessTables>) => Promise<unknown>): Promise<void>;
}

const ATTEMPTS = 4;
/** Changes wait for each other, each with a connection (of ten): those who sign in do not wait for them. */
const CHANGES_AT_ONCE = 4;
const TURN_TIMEOUT_MS = 5_000;
/** Deadlock, and a conflict of snapshots: the server has undone all of it. */
const UNDONE_STATES: ReadonlySet<string | undefined> = new Set(['40P01', '40001']);

const UNKNOWN_OUTCOME =
  'The database did not answer at the very end of the change. Look whether it was made before you try again.';

export function createAccessDatabase(database: SqlDatabase<AccessTables>): AccessDatabase {
  const inTurn = createTurns({
    atOnce: CHANGES_AT_ONCE,
    timeoutMs: TURN_TIMEOUT_MS,
    tooLate: () =>
      new SluiceError('ACCESS_UNAVAILABLE', undefined, { cause: new Error('other changes took too long') }),
  });
  const use = async (): Promise<Kysely<AccessTables>> => {
    try {
      return await database.use();
    } catch (error) {
      // Whatever keeps it from being opened: no caller can help it, and its words are for the log.
      throw new SluiceError('ACCESS_UNAVAILABLE', undefined, { cause: error });
    }
  };

  return {
    async read(ask) {
      const db = await use();
      try {
        return await ask(db);
      } catch (error) {
        throw inOurWords(error);
      }
    },
    async change(make) {
      const db = await use();
      const attempt = async () => {
        let isEnding = false;
        try {
          return await db.transaction().execute(async (trx) => {
            const result = await make(trx);
            isEnding = true;
            return result;
          });
        } catch (error) {
          if (!isEnding || !isUnavailable(error)) throw error;
          throw new SluiceError('ACCESS_UNAVAILABLE', UNKNOWN_OUTCOME, { cause: error });
        }
      };
      return inTurn(() => tryAgain(attempt));
    },
    async write(run) {
      const db = await use();
      await tryAgain(() => run(db));
    },
  };
}

async function tryAgain<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === ATTEMPTS || !UNDONE_STATES.has(errorCode(error))) throw inOurWords(error);
    }
  }
}

const UNIQUE_VIOLATION = '23505';
/** What the encoding has, and text in SQL has not. */
const NO_SUCH_CHARACTER = '22021';

/** By the constraint that is violated. */
const TAKEN: ReadonlyMap<string, string> = new Map([
  ['organizations_name_taken', 'Another organization has this name, in whatever case: choose another.'],
  ['projects_name_taken', 'Another project of the organization has this name, in whatever case: choose another.'],
  ['api_keys_name_taken', 'Another API key of the project has this name, in whatever case: choose another.'],
]);

function inOurWords(error: unknown): unknown {
  if (error instanceof SluiceError) return error;
  // Undone each time, for others were in the way each time.
  if (isUnavailable(error) || UNDONE_STATES.has(errorCode(error))) {
    return new SluiceError('ACCESS_UNAVAILABLE', undefined, { cause: error });
  }
  if (errorCode(error) === NO_SUCH_CHARACTER) {
    return new SluiceError('BAD_USER_INPUT', 'A text has the character U+0000, which cannot be kept: leave it out.', {
      cause: error,
    });
  }
  const taken = errorCode(error) === UNIQUE_VIOLATION ? TAKEN.get(constraintOf(error) ?? '') : undefined;
  return taken === undefined
    ? error
    : new SluiceError('CONFLICT', taken, { inputPath: ['input', 'name'], cause: error });
}

const constraintOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'constraint' in error ? String(error.constraint) : undefined;
