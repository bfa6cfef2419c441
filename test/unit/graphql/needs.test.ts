// What a root field needs of its caller is demanded before anything of the operation is planned.

import { describe, expect, it } from '@jest/globals';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from 'graphql';
import { type AccessRole, type AccessScope, DEFAULT_SCOPES } from '../../../src/core/caller.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { createAdmissionGate } from '../../../src/graphql/admission-gate.ts';
import { selectOperation } from '../../../src/graphql/documents.ts';
import type { Need } from '../../../src/graphql/needs.ts';
import { caller, upstreams } from '../../support/fake-generations.ts';

const field = (need?: Need) => ({ type: GraphQLInt, extensions: need === undefined ? {} : { need } });
const fields = {
  open: field('CALLER'),
  forgotten: field(),
  report: field({ role: 'ADMIN', scope: 'usage:read' }),
  call: field({ role: 'MEMBER', scope: 'generate' }),
};
const root = (name: string): GraphQLObjectType => new GraphQLObjectType({ name, fields });
const schema = new GraphQLSchema({
  query: root('Query'),
  mutation: root('Mutation'),
  subscription: root('Subscription'),
});

const gate = createAdmissionGate({
  schema,
  generations: {
    prepare: () => {
      throw new Error('no field here runs a model');
    },
    prepareBatch: () => {
      throw new Error('no field here runs a model');
    },
    checkStart: () => undefined,
  },
});

interface Asked {
  readonly roles?: readonly AccessRole[];
  readonly scopes?: readonly AccessScope[];
  readonly variables?: Record<string, unknown>;
}

/** What the operation is refused with; undefined: it may run. */
function refusalOf(source: string, { roles = ['MEMBER'], scopes = DEFAULT_SCOPES, variables = {} }: Asked = {}) {
  const document = parse(source);
  const operation = selectOperation(document, undefined);
  try {
    gate.plan(
      { document, operation, variables },
      { caller: { ...caller, roles, scopes }, upstreams, idempotencyKeyHeader: undefined },
    );
    return undefined;
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
}

describe.each(['query', 'mutation', 'subscription'])('a root field of a %s', (kind) => {
  it('that every caller may use asks for neither role nor scope', () => {
    expect(refusalOf(`${kind} { open }`, { roles: [], scopes: [] })).toBeUndefined();
  });

  it('that says nothing is refused to everybody, the operator included', () => {
    const refused = refusalOf(`${kind} { forgotten }`, {
      roles: ['OPERATOR'],
      scopes: [...DEFAULT_SCOPES, 'content:read'],
    });
    expect(refused?.code).toBe('FORBIDDEN');
  });

  it('needs its role or a higher one', () => {
    expect(refusalOf(`${kind} { report }`)).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('"report" needs the role ADMIN'),
    });
    expect(refusalOf(`${kind} { report }`, { roles: [] })?.code).toBe('FORBIDDEN');
    expect(refusalOf(`${kind} { report }`, { roles: ['ADMIN'] })).toBeUndefined();
    expect(refusalOf(`${kind} { report }`, { roles: ['MEMBER', 'OPERATOR'] })).toBeUndefined();
  });

  it('needs its scope too, whatever the role, and says which one', () => {
    expect(refusalOf(`${kind} { report }`, { roles: ['OPERATOR'], scopes: ['generate', 'admin'] })).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      neededScope: 'usage:read',
    });
    expect(refusalOf(`${kind} { report }`, { roles: ['ADMIN'], scopes: ['usage:read'] })).toBeUndefined();
  });
});

describe('an operation', () => {
  it('is refused whole when one of its fields is, under whatever name and in whatever fragment', () => {
    for (const source of [
      'mutation { call harmless: report }',
      'mutation { call ...F } fragment F on Mutation { ... on Mutation { x: report } }',
      'query { open ... { report } }',
    ]) {
      expect([source, refusalOf(source)?.code]).toEqual([source, 'FORBIDDEN']);
    }
  });

  it('needs nothing for what its conditions leave out', () => {
    const source = 'query ($with: Boolean!) { open report @include(if: $with) }';
    expect(refusalOf(source, { variables: { with: false } })).toBeUndefined();
    expect(refusalOf(source, { variables: { with: true } })?.code).toBe('FORBIDDEN');
  });

  it('may ask for the names of types whoever asks', () => {
    expect(refusalOf('{ __typename __schema { queryType { name } } }', { roles: [], scopes: [] })).toBeUndefined();
  });
});
