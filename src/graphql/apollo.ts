// Apollo Server's core, set up for us: its transport, caches, landing page and reporting stay off; our limits, gate and
// error mapping are plugged in. Documents come parsed and validated from our own store.

import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { DocumentNode, FormattedExecutionResult, GraphQLFormattedError, GraphQLSchema } from 'graphql';
import { SluiceError } from '../core/errors.ts';
import type { AdmissionGate } from './admission-gate.ts';
import type { GraphQLContext } from './context.ts';
import { selectOperation } from './documents.ts';
import { type ErrorLogger, type FormatError, presentError, retryAfterSeconds, statusOf } from './format-error.ts';
import { createOperationLimitsRule, type OperationLimits } from './operation-limits.ts';

/** The context of an operation that came by POST. */
export interface HttpGraphQLContext extends GraphQLContext {
  /** What runs, parsed and valid: Apollo Server reads no text. */
  readonly document: DocumentNode;
  /** Told once the plan is known to run a model: the operation's general time-out does not apply then. */
  readonly onGenerates?: () => void;
  /** Told why there are no data at all. */
  readonly onRefused?: (errors: readonly GraphQLFormattedError[]) => void;
}

export interface ApolloLogger extends ErrorLogger {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly gate: AdmissionGate;
  readonly formatError: FormatError;
  readonly limits: OperationLimits;
  readonly introspection: boolean;
  readonly logger: ApolloLogger;
  readonly plugins?: readonly ApolloServerPlugin<HttpGraphQLContext>[];
}

export function createApolloServer(options: ApolloOptions): ApolloServer<HttpGraphQLContext> {
  const { schema, gate, formatError, limits, introspection, logger } = options;
  // Apollo's hook for errors does not know the request: it gets a safe stand-in, the plugin puts the full error there.
  const origins = new WeakMap<GraphQLFormattedError, unknown>();
  const say =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message?: unknown): void =>
      logger[level]({ part: 'apollo' }, String(message));
  return new ApolloServer<HttpGraphQLContext>({
    schema,
    introspection,
    csrfPrevention: true,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    stopOnTerminationSignals: false,
    documentStore: null,
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [createOperationLimitsRule(limits)],
    stringifyResult: (result) => JSON.stringify(result),
    logger: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    formatError: (_formatted, error) => {
      const standIn = presentError(error, undefined);
      origins.set(standIn, error);
      return standIn;
    },
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      createSluicePlugin({ gate, formatError, originOf: (error) => origins.get(error) ?? error }),
      ...(options.plugins ?? []),
    ],
  });
}

interface PluginOptions extends Pick<ApolloOptions, 'gate' | 'formatError'> {
  readonly originOf: (standIn: GraphQLFormattedError) => unknown;
}

function createSluicePlugin(options: PluginOptions): ApolloServerPlugin<HttpGraphQLContext> {
  const { gate, formatError, originOf } = options;
  return {
    async requestDidStart() {
      return {
        async didResolveSource(requestContext) {
          // Apollo parses and validates only what is not there yet.
          Object.assign(requestContext, { document: requestContext.contextValue.document });
        },
        async didResolveOperation({ document, request, contextValue }) {
          const operation = selectOperation(document, request.operationName);
          if (operation.operation === 'subscription') throw new SluiceError('SUBSCRIPTION_TRANSPORT_REQUIRED');
          const plan = gate.plan({ document, operation, variables: request.variables }, contextValue);
          contextValue.plan = plan;
          if (plan.generates) contextValue.onGenerates?.();
        },
        async willSendResponse({ response, request, contextValue }) {
          if (response.body.kind !== 'single') return;
          const result: FormattedExecutionResult = response.body.singleResult;
          if (result.errors === undefined) return;
          const errors = result.errors.map((error) => formatError(originOf(error), contextValue.requestId));
          response.body.singleResult = { ...response.body.singleResult, errors };
          const seconds = retryAfterSeconds(errors);
          if (seconds !== undefined) response.http.headers.set('retry-after', String(seconds));
          // With data the answer is a success, whatever some field says; Apollo would let a field's error set the status.
          const hasData = result.data !== undefined && result.data !== null;
          const legacyJson = request.http?.headers.get('accept') === 'application/json';
          if (!hasData) contextValue.onRefused?.(errors);
          response.http.status = hasData ? 200 : statusOf(errors, legacyJson);
        },
      };
    },
  };
}
