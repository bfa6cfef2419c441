// Puts the parts of graphql/ together for the transports: one set of limits, one gate, one error mapping.

import type { ApolloServer, ApolloServerPlugin } from '@apollo/server';
import type { GraphQLSchema } from 'graphql';
import type { Generations } from '../generation/generations.ts';
import { createAdmissionGate } from './admission-gate.ts';
import { type ApolloLogger, createApolloServer, type HttpGraphQLContext } from './apollo.ts';
import { createDocuments } from './documents.ts';
import { createFindDocument, type FindDocument } from './find-document.ts';
import { createFormatError, type FormatError } from './format-error.ts';
import { defaultOperationLimits, type OperationLimits } from './operation-limits.ts';
import { createSubscribeOperation, type SubscribeOperation } from './subscribe-operation.ts';
import { noTrustedDocuments, type TrustedDocuments } from './trusted-documents.ts';

export interface GraphQLCoreOptions {
  readonly schema: GraphQLSchema;
  readonly generations: Pick<Generations, 'prepare' | 'prepareBatch' | 'checkStart'>;
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
  readonly logger: ApolloLogger;
  /** Those not given keep their defaults. */
  readonly limits?: Partial<OperationLimits>;
  /** Memory for documents that were read. Default 64 MiB. */
  readonly maxCachedDocumentBytes?: number;
  /** Default: none, mode `off`. */
  readonly trustedDocuments?: TrustedDocuments;
  readonly plugins?: readonly ApolloServerPlugin<HttpGraphQLContext>[];
}

export interface GraphQLCore {
  /** Not started: the HTTP server starts and stops it. */
  readonly apollo: ApolloServer<HttpGraphQLContext>;
  readonly findDocument: FindDocument;
  readonly subscribe: SubscribeOperation;
  readonly formatError: FormatError;
  readonly limits: OperationLimits;
  /** The same core, with the documents it has read, for other trusted documents. */
  withTrustedDocuments(trusted: TrustedDocuments): GraphQLCore;
}

export function createGraphQLCore(options: GraphQLCoreOptions): GraphQLCore {
  const { schema, generations, introspection, logger, plugins } = options;
  const limits = { ...defaultOperationLimits, ...options.limits };
  const formatError = createFormatError({ logger });
  const { maxCachedDocumentBytes: maxCachedBytes } = options;
  const documents = createDocuments({
    schema,
    limits,
    introspection,
    ...(maxCachedBytes === undefined ? {} : { maxCachedBytes }),
  });
  const gate = createAdmissionGate({ schema, generations, limits });
  const apollo = createApolloServer({
    schema,
    gate,
    formatError,
    limits,
    introspection,
    logger,
    ...(plugins === undefined ? {} : { plugins }),
  });
  const shared = {
    apollo,
    formatError,
    limits,
    subscribe: createSubscribeOperation({ schema, gate, formatError, limits }),
  };
  const withTrustedDocuments = (trusted: TrustedDocuments): GraphQLCore => ({
    ...shared,
    findDocument: createFindDocument({ documents, trusted, logger }),
    withTrustedDocuments,
  });
  return withTrustedDocuments(options.trustedDocuments ?? noTrustedDocuments);
}
