// The schema: type-graphql's classes put together with the services they call.

// First, for the decorators of everything below need it.
import 'reflect-metadata';
import { GraphQLSchema, printSchema } from 'graphql';
import { buildSchema, type ClassType, type PubSub } from 'type-graphql';
import { ApiKeyResolver } from './access/api-key.resolver.ts';
import { AuditLogResolver } from './access/audit-log.resolver.ts';
import { ClientTokenResolver } from './access/client-token.resolver.ts';
import { DeletionResolver } from './access/deletion.resolver.ts';
import { OrganizationResolver } from './access/organization.resolver.ts';
import { ProjectResolver } from './access/project.resolver.ts';
import { RoleGrantResolver } from './access/role-grant.resolver.ts';
import { SwitchResolver } from './access/switch.resolver.ts';
import { ViewerResolver } from './access/viewer.resolver.ts';
import { BatchResolver } from './generation/batch.resolver.ts';
import { createBatchSubscriptions } from './generation/batch.subscriptions.ts';
import { GenerationResolver } from './generation/generation.resolver.ts';
import { createGenerationSubscriptions } from './generation/generation.subscriptions.ts';
import { makeExecutionLean } from './lean-execution.ts';
import { createOperationLoaders } from './loaders.ts';
import { ModelResolver } from './models/model.resolver.ts';
import { NodeResolver } from './node.resolver.ts';
import type { ResolverServices } from './resolver-services.ts';

/** type-graphql demands one as soon as there is a subscription, though each of ours brings its own source. */
const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('no subscription goes through a pubSub');
  },
};

export async function buildGraphQLSchema(services: ResolverServices): Promise<GraphQLSchema> {
  const generation = new GenerationResolver(services);
  const batches = new BatchResolver(services);
  const subscriptions = createGenerationSubscriptions(services);
  const batchSubscriptions = createBatchSubscriptions(services);
  const loaders = createOperationLoaders(services);
  const resolvers = new Map<ClassType, object>([
    [GenerationResolver, generation],
    [BatchResolver, batches],
    [subscriptions, new subscriptions()],
    [batchSubscriptions, new batchSubscriptions()],
    [ModelResolver, new ModelResolver(services)],
    [ViewerResolver, new ViewerResolver()],
    [ClientTokenResolver, new ClientTokenResolver(services)],
    [OrganizationResolver, new OrganizationResolver(services, loaders)],
    [ProjectResolver, new ProjectResolver(services, loaders)],
    [ApiKeyResolver, new ApiKeyResolver(services, loaders)],
    [RoleGrantResolver, new RoleGrantResolver(services, loaders)],
    [AuditLogResolver, new AuditLogResolver(services)],
    [SwitchResolver, new SwitchResolver(services)],
    [DeletionResolver, new DeletionResolver(services, loaders)],
    [NodeResolver, new NodeResolver(services, loaders)],
  ]);
  const schema = await buildSchema({
    resolvers: [...resolvers.keys()] as [ClassType, ...ClassType[]],
    container: { get: (type: ClassType) => resolvers.get(type) },
    validate: false,
    pubSub: NO_PUB_SUB,
  });
  describeRoots(schema);
  makeExecutionLean(schema, generation, batches);
  return schema;
}

/** The one thing type-graphql has no words for. */
function describeRoots(schema: GraphQLSchema): void {
  const describe = (root: { description?: string | null | undefined } | null | undefined, text: string): void => {
    if (root) root.description = text;
  };
  describe(schema.getQueryType(), 'What can be asked. Nothing here calls a model or costs money.');
  describe(
    schema.getMutationType(),
    'What can be done. Every field may be null: one that fails leaves an error with its path and does not take the answers of the others with it.',
  );
  describe(
    schema.getSubscriptionType(),
    'What can be listened to, over WebSocket (graphql-transport-ws), server-sent events or multipart.',
  );
}

/**
 * The schema as text: the root types, then the others as they are met from there. The only applied directives are those
 * graphql-js prints itself (@specifiedBy, @deprecated).
 */
export async function printSluiceSchema(): Promise<string> {
  // Printing calls no resolver.
  const schema = await buildGraphQLSchema({} as ResolverServices);
  const { types, ...config } = schema.toConfig();
  const roots = [config.query, config.mutation, config.subscription].filter(
    (root) => root !== null && root !== undefined,
  );
  return `${printSchema(new GraphQLSchema({ ...config, types: [...new Set([...roots, ...types])] }))}\n`;
}
