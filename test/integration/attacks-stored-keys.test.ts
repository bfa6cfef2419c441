// Keys of the database as an attacker tries them: guessed, of others, worn out, from elsewhere, in floods. On a real
// gateway and a real Postgres.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createIdentity } from '../../src/app/identity.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createSqlAccessStore } from '../../src/features/access/sql-access-store.ts';
import type { AccessTables } from '../../src/features/access/sql-tables.ts';
import { mintKey } from '../../src/features/auth/mint-key.ts';
import { createPeppers } from '../../src/features/auth/peppers.ts';
import { loadConfig } from '../../src/platform/config-loader.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { openDatabase } from '../../src/platform/sql-database.ts';
import { openTestAccessRecords, type TestAccessRecords, testActor } from '../support/access-records.ts';
import { type GatewayAnswer, startGateway, type TestGateway, testSecret } from '../support/start-gateway.ts';
import { createTestPostgres, type TestPostgres } from '../support/test-database.ts';

let database: TestPostgres;
let records: TestAccessRecords;
let gateway: TestGateway;
const made: string[] = [];

beforeAll(async () => {
  database = await createTestPostgres();
  records = openTestAccessRecords(database.config, testSecret);
  gateway = await startGateway({ env: { DATABASE_URL: database.url, SLUICE_SECRET: testSecret.reveal() } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await records?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function keyOf(name: string, settings = {}) {
  const key = await records.createKey(name, settings);
  made.push(key.key);
  return key;
}
const ask = (key: string, headers: Record<string, string> = {}): Promise<GatewayAnswer> =>
  gateway.send({ query: '{ viewer { principal } models { name } }', key, headers });
const toldOf = ({ status, errors }: GatewayAnswer) => [status, errors[0]?.extensions?.['code'], errors[0]?.message];

describe('a key of the database', () => {
  it('is told why it is good no longer; who does not have it learns no more of it than of none at all', async () => {
    const soon = { expiresAtMs: Date.now() - 1_000 };
    const [expired, revoked, disabled, rotated] = await Promise.all([
      keyOf('expired', soon),
      keyOf('revoked'),
      keyOf('disabled'),
      keyOf('rotated'),
    ]);
    await records.store.apiKeys.revoke(revoked.id, 'ALL', testActor);
    await records.store.apiKeys.update(disabled.id, { disabled: true }, 'ALL', testActor);
    made.push(await records.rotate(rotated.id, 0));
    const reasons = ['has expired', 'was revoked', 'is disabled', 'was replaced by a new one'];
    const nobody = toldOf(await ask(`slk_${'0'.repeat(12)}_${'A'.repeat(43)}`));
    expect(nobody).toEqual([401, 'UNAUTHENTICATED', 'This API key is not known here.']);
    for (const [index, { key }] of [expired, revoked, disabled, rotated].entries()) {
      const [status, code, message] = toldOf(await ask(key));
      expect([status, code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(message).toContain(reasons[index]);
      // The right prefix with another secret, another prefix with the right secret, and what only looks like a key.
      for (const guess of [
        `${key.slice(0, -4)}AAAA`,
        key.replace(/^slk_./, key[4] === 'z' ? 'slk_y' : 'slk_z'),
        key.slice(0, -1),
        `${key}A`,
      ]) {
        expect(toldOf(await ask(guess))).toEqual(nobody);
      }
    }
  });

  it('is good for its own organization alone', async () => {
    const [ours, theirs] = [await keyOf('ours'), await keyOf('theirs')];
    const { data } = await gateway.send({
      query:
        'mutation { generate(input: { model: "sim-instant", prompt: "Hello" }) { ... on GenerateSuccess { generation { id } } } }',
      key: ours.key,
    });
    const look = (key: string, id: string) =>
      gateway.send({ query: 'query ($id: ID!) { generation(id: $id) { id } }', variables: { id }, key });
    const { id } = data.generate.generation;
    expect((await look(ours.key, id)).data.generation).toEqual({ id });
    const foreign = await look(theirs.key, id);
    const none = await look(theirs.key, 'gen_01aaaaaaaaaaaaaaaaaaaaaaaa');
    expect(foreign.errors[0]?.message).toBe(none.errors[0]?.message);
    expect(foreign.data).toEqual({ generation: null });
  });

  it('works where it may be used, with what it may use', async () => {
    const bound = await keyOf('bound', {
      allowedOrigins: ['https://app.example.com'],
      allowedCidrs: ['127.0.0.0/8', '::1'],
      allowedModels: ['sim-fast', 'gone'],
    });
    const away = await keyOf('away', { allowedCidrs: ['198.51.100.0/24'] });
    const inside = await ask(bound.key, { origin: 'https://app.example.com' });
    expect(inside.data.models).toEqual([{ name: 'sim-fast' }]);
    expect(toldOf(await ask(bound.key)).slice(0, 2)).toEqual([403, 'FORBIDDEN']);
    expect(toldOf(await ask(away.key, { 'x-forwarded-for': '198.51.100.7' })).slice(0, 2)).toEqual([403, 'FORBIDDEN']);
  });

  it('is nowhere in the log', () => {
    const log = gateway.logLines.join('');
    for (const key of made) expect(log).not.toContain(key.slice(-43));
  });
});

it('a flood of guesses costs the database a handful of statements, however many come at once or again', async () => {
  const statements: string[] = [];
  const logger = createLogger({ level: 'silent', format: 'json' });
  const counted = openDatabase<AccessTables>({
    database: database.config,
    logger,
    onQuery: (statement) => void statements.push(statement),
  });
  const { auth } = await loadConfig({ env: {}, cwd: '/', ollamaUrl: null });
  const identity = createIdentity({
    secret: testSecret,
    previous: undefined,
    adminKey: undefined,
    auth,
    records: () => createSqlAccessStore({ database: counted, clock: systemClock }).signIn,
    proxyFor: () => undefined,
    clock: systemClock,
    logger,
  });
  identity.prepare(auth)();
  const good = await keyOf('good');
  const signIn = async (key: string): Promise<string> =>
    Promise.resolve(key)
      .then((apiKey) => identity.authenticate({ apiKey, origin: undefined, address: '127.0.0.1' }))
      .then(
        ({ principalId }) => principalId,
        ({ code }) => code,
      );
  await signIn(good.key);
  statements.length = 0;
  const pepper = createPeppers({ secret: testSecret, previous: undefined, rolloutMs: () => 0, clock: systemClock });
  const guesses = Array.from({ length: 3_000 }, () => mintKey(pepper.current()).key);
  const answers = await Promise.all([...guesses, ...guesses].map(signIn));
  expect(new Set(answers)).toEqual(new Set(['UNAUTHENTICATED']));
  expect(statements.length).toBeLessThanOrEqual(3);
  expect(await signIn(good.key)).toBe(`key:${good.id}`);
  expect(statements.length).toBeLessThanOrEqual(3);
  await identity.close();
  await counted.close();
});
