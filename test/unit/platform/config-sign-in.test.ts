// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references under test.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { describeChanges } from '../../../src/platform/config-changes.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { TOKEN_ALGORITHMS } from '../../../src/platform/config-sign-in.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../../sluice.example.yaml');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function load(auth: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  await writeFile(join(folder, 'sluice.yaml'), `auth: ${auth}\n`);
  return loadConfig({ env, cwd: folder, isTerminal: false, ollamaUrl: null });
}

async function problemOf(auth: string): Promise<string> {
  const error = await load(auth).then(
    () => new Error('loaded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.message;
}

const issuer = (more = ''): string =>
  `{ jwt: [{ issuer: "https://id.example/", audience: sluice, defaults: { organization: default }${more} }] }`;
const introspection = (more = ''): string =>
  `{ introspection: { endpoint: "https://id.example/introspect/", clientId: us, clientSecret: "\${S}", defaults: { organization: default }${more} } }`;

describe('issuers of tokens', () => {
  it('have defaults for all but themselves, their audience and where their users belong', async () => {
    const { auth } = await load(issuer());
    expect(auth.jwt).toEqual([
      {
        issuer: 'https://id.example/',
        audience: ['sluice'],
        jwksUri: undefined,
        algorithms: [...TOKEN_ALGORITHMS],
        tokenType: undefined,
        keysMaxAgeSeconds: 300,
        keysMaxStaleSeconds: 86_400,
        claims: { organization: undefined, project: undefined, user: 'sub', roles: 'roles', scope: undefined },
        defaults: { organization: 'default', project: undefined, roles: ['MEMBER'] },
        roleNames: {},
        mayGrantOperator: false,
        allowInsecure: false,
        clockSkewSeconds: 30,
      },
    ]);
    expect(auth.introspection).toBeUndefined();
  });

  it('and introspection stand in the example that is shipped, as comments that are right', async () => {
    const lines = (await readFile(EXAMPLE, 'utf8')).split('\n');
    const first = lines.indexOf(lines.find((line) => line.startsWith('  # jwt:')) ?? '');
    const shown = lines.map((line, index) => (index < first ? line : line.replace(/^ {2}# /, '  ')));
    const end = shown.findIndex((line, index) => index > first && line === '');
    await writeFile(join(folder, 'sluice.yaml'), `auth:\n${shown.slice(first, end).join('\n')}\n`);
    const { auth } = await loadConfig({ env: { INTROSPECTION_SECRET: 'x' }, cwd: folder, ollamaUrl: null });
    const [shownIssuer] = auth.jwt;
    const [plain] = (await load(issuer())).auth.jwt;
    for (const part of ['keysMaxAgeSeconds', 'keysMaxStaleSeconds', 'clockSkewSeconds', 'allowInsecure'] as const) {
      expect(shownIssuer?.[part]).toEqual(plain?.[part]);
    }
    expect(Object.keys(shownIssuer ?? {})).toEqual(Object.keys(plain ?? {}));
    expect(Object.values(shownIssuer ?? {})).not.toContain(undefined);
    expect(auth.introspection).toMatchObject({ clientId: 'sluice', audience: ['sluice'] });
  });

  it('say where things stand in their tokens', async () => {
    const { auth } = await load(`
  jwt:
    - issuer: accounts.example
      audience: [one, two]
      jwksUri: https://id.example/keys/
      algorithms: [ES256]
      tokenType: at+jwt
      claims: { organization: "https://example.com/org", project: prj, user: email, roles: realm_access.roles, scope: scp }
      defaults: { project: web, roles: [] }
      roleNames: { sluice-admins: ADMIN, root: OPERATOR }
      mayGrantOperator: true
      clockSkewSeconds: 0`);
    expect(auth.jwt[0]).toMatchObject({
      issuer: 'accounts.example',
      audience: ['one', 'two'],
      jwksUri: 'https://id.example/keys/',
      claims: { organization: 'https://example.com/org', roles: 'realm_access.roles' },
      defaults: { organization: undefined, project: 'web', roles: [] },
      roleNames: { 'sluice-admins': 'ADMIN', root: 'OPERATOR' },
      clockSkewSeconds: 0,
    });
  });

  it.each([
    [
      'a symmetric algorithm',
      ', algorithms: [RS256, HS256]',
      /jwt\[0\]\.algorithms\[1\]: found "HS256", expected one of/,
    ],
    ['no algorithm', ', algorithms: [none]', /jwt\[0\]\.algorithms\[0\]: found "none", expected one of/],
    ['a skew of an hour', ', clockSkewSeconds: 3600', /jwt\[0\]\.clockSkewSeconds: found 3600, expected .* to 300/],
    [
      'keys in the clear',
      ', jwksUri: "http://id.example/keys"',
      /jwt\[0\]\.jwksUri: .*expected https:\/\/, or allowInsecure/,
    ],
    [
      'OPERATOR by another name',
      ', roleNames: { root: OPERATOR }',
      /roleNames\.root: found "OPERATOR", .*mayGrantOperator/,
    ],
    ['a key that it has not', ', jwksURI: x', /jwksURI: unknown key; did you mean "jwksUri"/],
  ])('may not have %s', async (_what, more, expected) => {
    expect(await problemOf(issuer(more))).toMatch(expected);
  });

  it.each([
    ['no organization', '[{ issuer: "https://a.example", audience: a }]', /claims\.organization: found nothing/],
    ['no audience', '[{ issuer: "https://a.example", defaults: { organization: o } }]', /jwt\[0\]\.audience/],
    [
      'an empty list of audiences',
      '[{ issuer: "https://a.example", audience: [], defaults: { organization: o } }]',
      /jwt\[0\]\.audience: .*at least one audience/,
    ],
    [
      'OPERATOR for everybody',
      '[{ issuer: "https://a.example", audience: a, defaults: { organization: o, roles: [OPERATOR] } }]',
      /jwt\[0\]\.defaults\.roles\[0\]: found "OPERATOR", .*mayGrantOperator/,
    ],
    [
      'metadata in the clear',
      '[{ issuer: "http://a.example", audience: a, defaults: { organization: o } }]',
      /jwt\[0\]\.issuer: .*https:\/\/, or allowInsecure/,
    ],
    [
      'neither an address nor keys',
      '[{ issuer: accounts.example, audience: a, defaults: { organization: o } }]',
      /jwt\[0\]\.issuer: .*or jwksUri/,
    ],
    [
      'the name of this server’s own',
      '[{ issuer: sluice-client-tokens, audience: a, jwksUri: "https://a.example", defaults: { organization: o } }]',
      /jwt\[0\]\.issuer: .*this one is the server itself/,
    ],
    [
      'a name that users of this server’s own tokens have',
      '[{ issuer: client, audience: a, jwksUri: "https://a.example", defaults: { organization: default } }]',
      /jwt\[0\]\.issuer: .*this one is the server itself/,
    ],
    [
      'the name of another',
      '[{ issuer: "https://a.example", audience: a, defaults: { organization: o } }, { issuer: "https://a.example", audience: b, defaults: { organization: o } }]',
      /jwt\[1\]\.issuer: found the same issuer as auth\.jwt\[0\]\.issuer/,
    ],
  ])('may not have %s', async (_what, list, expected) => {
    expect(await problemOf(`{ jwt: ${list} }`)).toMatch(expected);
  });
});

describe('introspection', () => {
  const secret = 'a secret of the endpoint';

  it('is asked at the very address that was written, and hides its secret', async () => {
    const { auth, warnings } = await load(introspection(', audience: a'), { S: secret });
    expect(auth.introspection).toMatchObject({
      endpoint: 'https://id.example/introspect/',
      clientId: 'us',
      audience: ['a'],
      issuer: undefined,
      clockSkewSeconds: 30,
    });
    expect(auth.introspection?.clientSecret.reveal()).toBe(secret);
    expect(inspect(auth, { depth: 9 })).not.toContain(secret);
    expect(warnings).toEqual([]);
  });

  it('is refused in the clear, without an organization, and without its secret', async () => {
    expect(
      await problemOf('{ introspection: { endpoint: "http://id.example", clientId: a, clientSecret: b } }'),
    ).toMatch(/endpoint: .*allowInsecure[\s\S]*claims\.organization: found nothing/);
    const message = await problemOf(
      '{ introspection: { endpoint: "https://id.example", clientSecret: "geheim\\u0001" } }',
    );
    expect(message).toMatch(/clientId/);
    expect(message).not.toContain('geheim');
  });

  it('warns in production of a secret that stands in the file', async () => {
    const env = { NODE_ENV: 'production', SLUICE_ALLOW_EMBEDDED: '1', SLUICE_ALLOW_SIMULATOR: '1', HOST: '127.0.0.1' };
    const { warnings } = await load(introspection().replace('${S}', 'literal'), env);
    expect(warnings).toEqual([expect.stringMatching(/auth\.introspection\.clientSecret: a secret stands in the file/)]);
  });
});

it('changes of issuers and of introspection are told by name', async () => {
  const before = await load(issuer());
  const changed = await load(issuer(', clockSkewSeconds: 5'));
  const other = await load(introspection(), { S: 'one' });
  expect(describeChanges(before, changed)).toEqual(['issuer https://id.example/: clockSkewSeconds changed']);
  expect(describeChanges(changed, other)).toEqual(['issuer https://id.example/ removed', 'auth.introspection changed']);
  expect(describeChanges(other, await load(introspection(), { S: 'two' }))).toEqual([
    'auth.introspection.clientSecret changed',
  ]);
});
