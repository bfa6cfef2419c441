// The access store while its Postgres comes and goes.

import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { pino } from 'pino';
import { systemClock } from '../../src/core/clock.ts';
import { SluiceError } from '../../src/core/errors.ts';
import type { AccessStore } from '../../src/features/access/access-store.ts';
import { createAccessDatabase } from '../../src/features/access/sql-access-database.ts';
import { createSqlAccessStore } from '../../src/features/access/sql-access-store.ts';
import type { AccessTables } from '../../src/features/access/sql-tables.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { openDatabase, type SqlDatabase } from '../../src/platform/sql-database.ts';
import { sampleActor as by } from '../support/access-samples.ts';
import { refused } from '../support/access-test-bed.ts';
import { type Relay, startRelay } from '../support/start-relay.ts';
import { createTestPglite, createTestPostgres, type TestPostgres } from '../support/test-database.ts';

let postgres: TestPostgres;
let relay: Relay;
let database: SqlDatabase<AccessTables>;
let store: AccessStore;
const logger = pino({ level: 'silent' });

beforeEach(async () => {
  postgres = await createTestPostgres();
  const url = new URL(postgres.url);
  relay = await startRelay({ host: url.hostname, port: Number(url.port) });
  url.hostname = '127.0.0.1';
  url.port = `${relay.port}`;
  database = openDatabase({ database: { kind: 'POSTGRES', url: createSecret(url.href) }, logger });
  store = createSqlAccessStore({ database, clock: systemClock });
});
afterEach(async () => {
  await database.close();
  await relay[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
});

const create = (name: string) => store.organizations.create({ name, allowedModels: undefined }, by);
const names = async (): Promise<string[]> =>
  (await store.organizations.list({}, { first: 100 }, 'ALL')).items.map(({ name }) => name);

it('says that the database does not answer while it is gone, and works again when it is back', async () => {
  await relay.lose();
  const unavailable = refused('ACCESS_UNAVAILABLE', { cause: expect.anything() });
  await expect(names()).rejects.toEqual(unavailable);
  await relay.regain();
  expect(await names()).toEqual(['default']);

  await relay.lose();
  await expect(names()).rejects.toEqual(unavailable);
  await expect(create('lost')).rejects.toEqual(unavailable);
  await expect(store.signIn.findGrants(['slk_x'])).rejects.toEqual(unavailable);
  await expect(store.signIn.markUsed(new Map([['sec_x', 1]]))).rejects.toEqual(unavailable);
  await expect(store.changes.since(0)).rejects.toEqual(unavailable);
  await relay.regain();
  await create('back');
  expect(await names()).toEqual(['default', 'back']);
});

it('signs in while changes wait for one that does not end, and gives up those that waited too long', async () => {
  const outside = openDatabase<AccessTables>({ database: postgres.config, logger });
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isHeld = (): void => undefined;
  const holding = new Promise<void>((resolve) => {
    isHeld = resolve;
  });
  await database.use();
  const db = await outside.use();
  const holder = db.transaction().execute(async (trx) => {
    await trx.selectFrom('access_version').selectAll().forUpdate().execute();
    isHeld();
    await held;
  });
  await holding;
  const changes = Promise.allSettled(Array.from({ length: 20 }, (_, index) => create(`waits-${index}`)));
  // Longer than anybody waits for a connection.
  const endsMs = Date.now() + 5_500;
  while (Date.now() < endsMs) {
    expect(await store.signIn.findGrants(['slk_x'])).toEqual(new Map());
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  release();
  await holder;
  await outside.close();
  const results = await changes;
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  expect(failures.length).toBe(16);
  for (const failure of failures) expect(failure).toEqual(refused('ACCESS_UNAVAILABLE'));
}, 20_000);

it('leaves nothing of a change that is cut in the middle', async () => {
  const version = await store.changes.version();
  relay.cutAt('insert into "audit_log"', 'BEFORE');
  const error = await create('half').catch((reason: unknown) => reason);
  expect(error).toEqual(refused('ACCESS_UNAVAILABLE'));
  expect((error as SluiceError).message).not.toContain('Look whether');
  expect(await names()).toEqual(['default']);
  expect(await store.changes.version()).toBe(version);
});

it.each([
  ['BEFORE', ['default']],
  ['BEFORE_ANSWER', ['default', 'perhaps']],
] as const)(
  'says that it cannot tell what became of a change cut at its end (%s), and makes it no second time',
  async (when, left) => {
    await names();
    relay.cutAt('commit', when);
    await expect(create('perhaps')).rejects.toEqual(
      refused('ACCESS_UNAVAILABLE', { message: expect.stringContaining('Look whether it was made') }),
    );
    expect(await names()).toEqual(left);
  },
);

it('tries again what the server has undone for certain, a few times', async () => {
  const access = createAccessDatabase(database);
  const fail = sql`do $$ begin raise exception 'deadlock' using errcode = '40P01'; end $$`;
  const attempt = (failures: number) => {
    let attempts = 0;
    return access.change(async (trx) => {
      attempts++;
      if (attempts <= failures) await fail.execute(trx);
      return attempts;
    });
  };
  expect(await attempt(0)).toBe(1);
  expect(await attempt(3)).toBe(4);
  await expect(attempt(4)).rejects.toEqual(refused('ACCESS_UNAVAILABLE'));
});

it('does not hide a defect behind an outage', async () => {
  const access = createAccessDatabase(database);
  const asked = access.read((db) => sql`select * from nothing_of_this_name`.execute(db));
  await expect(asked).rejects.not.toBeInstanceOf(SluiceError);
});

it('says the same of an embedded database that another process has, and of one that is closed', async () => {
  await using pglite = await createTestPglite();
  const holder = openDatabase({ database: pglite.config, logger });
  const other = openDatabase<AccessTables>({ database: pglite.config, logger });
  const { changes } = createSqlAccessStore({ database: other, clock: systemClock });
  try {
    await holder.use();
    await expect(changes.version()).rejects.toEqual(refused('ACCESS_UNAVAILABLE'));
    await holder.close();
    expect(await changes.version()).toBe(0);
    await other.close();
    await expect(changes.version()).rejects.toEqual(refused('ACCESS_UNAVAILABLE'));
  } finally {
    await holder.close();
    await other.close();
  }
});
