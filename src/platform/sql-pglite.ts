// The embedded database: PGlite, a Postgres in this process, in a folder that this process alone uses.

import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PGliteDialect } from 'kysely';
import { lockDirectory } from './directory-lock.ts';
import { isDatabase } from './sql-folder.ts';
import { SQL_PARSERS } from './sql-parsers.ts';
import { unavailable } from './sql-unavailable.ts';

export interface Pglite {
  readonly dialect: PGliteDialect;
  close(): Promise<void>;
}

/** @throws DirectoryLockedError; DatabaseUnavailableError when the folder cannot be used. */
export async function openPglite(directory: string): Promise<Pglite> {
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  const lock = await lockDirectory(directory);
  try {
    if (!isDatabase(directory)) await initialize(directory);
    const database = await PGlite.create(directory, { parsers: { ...SQL_PARSERS } });
    return {
      dialect: new PGliteDialect({ pglite: database }),
      close: async () => {
        try {
          if (!database.closed) await database.close();
        } finally {
          await lock.release();
        }
      },
    };
  } catch (error) {
    await lock.release();
    throw unavailable(error);
  }
}

/** Made beside it and moved into place: a process that is killed meanwhile leaves no half of one. */
async function initialize(directory: string): Promise<void> {
  const draft = `${directory}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const database = await PGlite.create(draft);
  await database.close();
  await rename(draft, directory);
}
