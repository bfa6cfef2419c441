import { describe, expect, it } from '@jest/globals';
import { SluiceError } from '../../../../src/core/errors.ts';
import { type Claims, readTokenGrant, type TokenMapping } from '../../../../src/features/auth/token-claims.ts';

const mapping = (more: {
  readonly claims?: Partial<TokenMapping['claims']>;
  readonly defaults?: Partial<TokenMapping['defaults']>;
  readonly roleNames?: TokenMapping['roleNames'];
  readonly mayGrantOperator?: boolean;
}): TokenMapping => ({
  claims: { organization: 'org', project: 'project', user: 'sub', roles: 'roles', scope: undefined, ...more.claims },
  defaults: { organization: undefined, project: undefined, roles: ['MEMBER'], ...more.defaults },
  roleNames: more.roleNames ?? {},
  mayGrantOperator: more.mayGrantOperator ?? false,
});
const read = (claims: Claims, more: Parameters<typeof mapping>[0] = {}) =>
  readTokenGrant({ sub: 'ann', org: 'acme', exp: 2_000_000_000, ...claims }, mapping(more));
function refusal(claims: Claims, more?: Parameters<typeof mapping>[0]): string {
  try {
    read(claims, more);
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'UNAUTHENTICATED') return error.message;
    throw error;
  }
  throw new Error('it should have been refused');
}

describe('where a token belongs', () => {
  it('is what its claims say, else the default', () => {
    expect(read({ project: 'web' })).toMatchObject({ organization: 'acme', project: 'web', userId: 'ann' });
    const defaults = { organization: 'one', project: 'two' };
    expect(read({ org: undefined }, { defaults })).toMatchObject({ organization: 'one', project: 'two' });
    expect(read({ org: null, project: null }, { defaults })).toMatchObject({ organization: 'one', project: 'two' });
  });

  it('is refused where neither says it, naming the claim', () => {
    expect(refusal({ org: undefined })).toBe(
      'This token names no organization: the claim "org" is missing, and there is no default.',
    );
    expect(refusal({ sub: undefined })).toBe('This token names no user: the claim "sub" is missing.');
  });

  it.each([[''], [7], [['acme']], [{ id: 'acme' }], ['a'.repeat(257)], ['line\nbreak'], ['\u202eacme']])(
    'is no default where the claim is there and cannot be meant: %j',
    (value) => {
      const message = refusal({ org: value }, { defaults: { organization: 'default' } });
      expect(message).toBe('The claim "org" of this token is no text of 1 to 256 characters.');
    },
  );

  it('is found by the name of a claim with dots, then by a path, and only among what the token has itself', () => {
    const claims = { 'https://x.example/org': 'by name', tenant: { ids: { org: 'by path' } } };
    expect(read(claims, { claims: { organization: 'https://x.example/org' } }).organization).toBe('by name');
    expect(read(claims, { claims: { organization: 'tenant.ids.org' } }).organization).toBe('by path');
    for (const organization of ['tenant.ids.org.length', 'constructor.name', '__proto__.x', 'tenant..org']) {
      expect(refusal(claims, { claims: { organization } })).toContain('names no organization');
    }
  });
});

describe('roles of a token', () => {
  it.each([
    [undefined, ['MEMBER']],
    [['ADMIN'], ['ADMIN']],
    [
      ['admin', 'Member', 'offline_access', 7, null],
      ['MEMBER', 'ADMIN'],
    ],
    ['editor admin', ['ADMIN']],
    [['editor'], ['MEMBER']],
    [{ ADMIN: true }, ['MEMBER']],
    [['sluice-admins'], ['ADMIN']],
    [['toString', 'constructor'], ['MEMBER']],
  ])('of %j are %j', (roles, expected) => {
    expect(read({ roles }, { roleNames: { 'sluice-admins': 'ADMIN' } }).roles).toEqual(expected);
  });

  it('are none where nobody gives any by default', () => {
    expect(read({ roles: ['editor'] }, { defaults: { roles: [] } }).roles).toEqual([]);
  });

  it('are ADMIN at most, unless the issuer may make operators', () => {
    expect(read({ roles: ['OPERATOR'] }).roles).toEqual(['ADMIN']);
    expect(read({ roles: ['OPERATOR'] }, { mayGrantOperator: true }).roles).toEqual(['OPERATOR']);
    expect(read({ roles: ['root'] }, { roleNames: { root: 'OPERATOR' } }).roles).toEqual(['ADMIN']);
  });

  it('are found by a path', () => {
    const more = { claims: { roles: 'realm_access.roles' } };
    expect(read({ realm_access: { roles: ['ADMIN'] } }, more).roles).toEqual(['ADMIN']);
  });
});

describe('scopes of a token', () => {
  it.each([
    [{}, undefined],
    [{ scope: 'openid generate usage:read' }, ['generate', 'usage:read']],
    [{ scope: '' }, []],
    [{ scope: 'openid' }, []],
    [{ scp: ['admin', 'content:read'] }, ['admin', 'content:read']],
    [{ scp: 'generate' }, ['generate']],
    [{ scope: 'generate', scp: ['admin'] }, ['generate']],
    [{ scope: { generate: true } }, []],
    [{ scope: 7 }, []],
  ])('of %j are %j', (claims, expected) => {
    expect(read(claims).scopes).toEqual(expected);
  });

  it('are looked for where the configuration says, and nowhere else', () => {
    expect(read({ scope: 'openid' }, { claims: { scope: 'permissions' } }).scopes).toBeUndefined();
    expect(read({ permissions: ['generate'] }, { claims: { scope: 'permissions' } }).scopes).toEqual(['generate']);
  });
});

it('a token that is bound to a key of its holder is no bearer token', () => {
  expect(refusal({ cnf: { jkt: 'x' } })).toContain('send a bearer token');
});

it('the end of a token is a time that there is', () => {
  expect(read({ exp: 1e300 }).expiresAtMs).toBe(8.64e15);
  expect(read({ exp: undefined }).expiresAtMs).toBeUndefined();
});
