// `auth.jwt` and `auth.introspection` of the configuration file: their shape, and what becomes of it. What their fields
// must agree on is checked in config-sign-in-checks.ts.

import { z } from 'zod';
import { ACCESS_ROLES } from '../core/caller.ts';
import type { IntrospectionConfig, JwtIssuerConfig, TokenMappingConfig } from './config.ts';
import { choice, exactAddress, flag, list, mappingOf, secret, section, text, wholeNumber } from './config-fields.ts';

/** All asymmetric ones: with a symmetric one whoever checks tokens can make them. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
] as const;

const claim = () => text(/^[\x21-\x7e]{1,256}$/, 'the name of a claim, or a path to it like realm_access.roles');
const tenant = () => text(/^[^\p{C}]{1,128}$/u, 'the id or the name of one, 1 to 128 characters');
const issuer = () => text(/^[\x21-\x7e]{1,512}$/, 'the issuer exactly as it stands in "iss" of its tokens');
const role = () => choice(ACCESS_ROLES);

const ofMapping = {
  claims: section({
    organization: claim().optional(),
    project: claim().optional(),
    user: claim().default('sub'),
    roles: claim().default('roles'),
    scope: claim().optional(),
  }).prefault({}),
  defaults: section({
    organization: tenant().optional(),
    project: tenant().optional(),
    roles: list(role(), 'a list of roles').default(['MEMBER']),
  }).prefault({}),
  roleNames: mappingOf(role(), 'a mapping of names in tokens to MEMBER, ADMIN or OPERATOR').default({}),
  mayGrantOperator: flag().default(false),
  allowInsecure: flag().default(false),
  clockSkewSeconds: wholeNumber(0, 300).default(30),
};

/** One, or a list. */
const audience = () =>
  z.preprocess(
    (value) => (Array.isArray(value) ? value : [value]),
    list(text(/^[\x21-\x7e]{1,512}$/, 'an audience as it stands in "aud" of its tokens'), 'a list of audiences').min(
      1,
      {
        error: 'at least one audience',
      },
    ),
  );

export const jwtIssuer = section({
  issuer: issuer(),
  audience: audience(),
  jwksUri: exactAddress().optional(),
  algorithms: list(choice(TOKEN_ALGORITHMS), 'a list of algorithms')
    .min(1, { error: 'at least one algorithm, or no algorithms at all' })
    .default([...TOKEN_ALGORITHMS]),
  tokenType: text(/^[A-Za-z0-9!#$&^_.+/-]{1,127}$/, 'a type as it stands in "typ", like at+jwt').optional(),
  keysMaxAgeSeconds: wholeNumber(1, 86_400).default(300),
  keysMaxStaleSeconds: wholeNumber(0, 604_800).default(86_400),
  ...ofMapping,
});

export const introspection = section({
  endpoint: exactAddress(),
  clientId: text(/^[\x20-\x7e]{1,256}$/, 'the id of this server at the endpoint'),
  clientSecret: secret(/^[\x20-\x7e]{1,4096}$/, 'the secret of this server at the endpoint, printable ASCII'),
  audience: audience().optional(),
  issuer: issuer().optional(),
  ...ofMapping,
});

type MappingShape = Pick<
  z.output<typeof jwtIssuer>,
  'claims' | 'defaults' | 'roleNames' | 'mayGrantOperator' | 'allowInsecure' | 'clockSkewSeconds'
>;

const toMapping = ({ claims, defaults, ...rest }: MappingShape): TokenMappingConfig => ({
  claims: {
    organization: claims.organization,
    project: claims.project,
    user: claims.user,
    roles: claims.roles,
    scope: claims.scope,
  },
  defaults: { organization: defaults.organization, project: defaults.project, roles: defaults.roles },
  roleNames: rest.roleNames,
  mayGrantOperator: rest.mayGrantOperator,
  allowInsecure: rest.allowInsecure,
  clockSkewSeconds: rest.clockSkewSeconds,
});

export const toJwtIssuer = (file: z.output<typeof jwtIssuer>): JwtIssuerConfig => ({
  issuer: file.issuer,
  audience: file.audience,
  jwksUri: file.jwksUri,
  algorithms: file.algorithms,
  tokenType: file.tokenType,
  keysMaxAgeSeconds: file.keysMaxAgeSeconds,
  keysMaxStaleSeconds: file.keysMaxStaleSeconds,
  ...toMapping(file),
});

export const toIntrospection = (file: z.output<typeof introspection>): IntrospectionConfig => ({
  endpoint: file.endpoint,
  clientId: file.clientId,
  clientSecret: file.clientSecret,
  audience: file.audience,
  issuer: file.issuer,
  ...toMapping(file),
});
