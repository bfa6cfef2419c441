// The core of one configuration after the other. What the settings have in common is taken over: with the same rules the
// documents that were read and validated, with the same manifest its documents.

import { isDeepStrictEqual } from 'node:util';
import { createReadDocument } from './documents.ts';
import { createGraphQLCore, type GraphQLCore, type GraphQLCoreOptions } from './graphql-core.ts';
import { defaultOperationLimits, type OperationLimits } from './operation-limits.ts';
import { createTrustedDocuments, type TrustedDocumentsOptions } from './trusted-documents.ts';

export interface CoreSettings {
  readonly introspection: boolean;
  /** Those not given keep their defaults. */
  readonly limits: Partial<OperationLimits>;
  readonly trustedDocuments: Pick<TrustedDocumentsOptions, 'mode' | 'manifest'>;
}

export interface ConfiguredCore {
  readonly core: GraphQLCore;
  readonly settings: CoreSettings;
}

/**
 * Without effect on the core before. Its Apollo Server, where it is another one, is not started.
 * @throws ConfigError that lists every trusted document that does not fit the schema or the limits.
 */
export async function configureCore(
  parts: Pick<GraphQLCoreOptions, 'schema' | 'generations' | 'logger'>,
  settings: CoreSettings,
  before?: ConfiguredCore,
): Promise<ConfiguredCore> {
  if (before !== undefined && isDeepStrictEqual(before.settings, settings)) return before;
  const { introspection } = settings;
  const limits = { ...defaultOperationLimits, ...settings.limits };
  const trustedDocuments = await createTrustedDocuments({
    ...settings.trustedDocuments,
    read: createReadDocument({ schema: parts.schema, limits, introspection }),
    mostTokens: limits.tokens,
  });
  const hasSameRules =
    before?.settings.introspection === introspection && isDeepStrictEqual(before.settings.limits, settings.limits);
  const core = hasSameRules
    ? before.core.withTrustedDocuments(trustedDocuments)
    : createGraphQLCore({ ...parts, introspection, limits, trustedDocuments });
  return { core, settings };
}
