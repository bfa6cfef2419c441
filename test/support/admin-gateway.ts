// A gateway on a Postgres of its own, administered through its own API: by whichever key a test gives.

import type { TypedDocumentNode } from '@urql/core';
import { type GraphQLFormattedError, print } from 'graphql';
import {
  CreateApiKeyDocument,
  type CreateApiKeyInput,
  CreateOrganizationDocument,
  CreateProjectDocument,
} from '../generated/graphql.ts';
import { adminKey, type StartGatewayOptions, startGateway, type TestGateway } from './start-gateway.ts';
import { createTestPostgres } from './test-database.ts';

export interface Refusal {
  readonly code: unknown;
  /** Where in the input, with dots. */
  readonly path: string | undefined;
  readonly message: string;
}

export interface AdminClient {
  /** The data, or the test fails. */
  run<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data>;
  /** The only error; the test fails where there is none. */
  refused<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Refusal>;
}

export interface MadeKey extends AdminClient {
  readonly id: string;
  readonly secret: string;
}

export interface Tenant {
  readonly organizationId: string;
  readonly projectId: string;
}

export interface AdminGateway extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** The key of the configuration: an OPERATOR. */
  readonly operator: AdminClient;
  as(key: string): AdminClient;
  /** An organization with a project, both of this name. */
  createTenant(name: string): Promise<Tenant>;
  createKey(input: CreateApiKeyInput, maker?: AdminClient): Promise<MadeKey>;
}

export async function startAdminGateway(options: StartGatewayOptions = {}): Promise<AdminGateway> {
  const database = await createTestPostgres();
  const env = { DATABASE_URL: database.url, SLUICE_SECRET: 'a secret of this test alone, 32 bytes and more' };
  const gateway = await startGateway({ ...options, env: { ...env, ...options.env } }).catch(async (error: unknown) => {
    await database[Symbol.asyncDispose]();
    throw error;
  });

  function as(key: string): AdminClient {
    async function send<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables) {
      return gateway.send({ query: print(document), variables, key });
    }
    return {
      async run(document, variables) {
        const { data, errors } = await send(document, variables);
        if (errors.length > 0) throw new Error(`the operation failed: ${JSON.stringify(errors)}`);
        return data;
      },
      async refused(document, variables) {
        const { errors } = await send(document, variables);
        const [error] = errors;
        if (error === undefined || errors.length > 1) throw new Error(`not one error: ${JSON.stringify(errors)}`);
        return refusalOf(error);
      },
    };
  }

  const operator = as(adminKey);
  return {
    gateway,
    operator,
    as,
    async createTenant(name) {
      const made = await operator.run(CreateOrganizationDocument, { input: { name } });
      const organizationId = made.createOrganization?.organization.id ?? '';
      const { createProject } = await operator.run(CreateProjectDocument, { input: { organizationId, name } });
      return { organizationId, projectId: createProject?.project.id ?? '' };
    },
    async createKey(input, maker = operator) {
      const { createApiKey } = await maker.run(CreateApiKeyDocument, { input });
      if (!createApiKey) throw new Error('no key was made');
      const { secret, apiKey } = createApiKey;
      return { ...as(secret), id: apiKey.id, secret };
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

function refusalOf({ message, extensions }: GraphQLFormattedError): Refusal {
  const path = extensions?.['path'];
  return { code: extensions?.['code'], path: Array.isArray(path) ? path.join('.') : undefined, message };
}
