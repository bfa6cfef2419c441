// The composition root: the only file that knows every part. createApp puts a server together, start() begins to
// listen, stop() undoes it in reverse.

import type { Caller } from './core/caller.ts';
import { systemClock } from './core/clock.ts';
import { createMemoryIdempotencyClaims } from './features/admission/memory-idempotency-claims.ts';
import { createAuthenticator } from './features/auth/authenticate.ts';
import { createOutputSchemas } from './features/guards/output-schema.ts';
import { createPriceTable } from './features/pricing/price-table.ts';
import { createTokenEstimator } from './features/pricing/token-estimator.ts';
import { createMemoryResultStore } from './features/results/memory-result-store.ts';
import { createModelCatalog } from './features/routing/model-catalog.ts';
import { createMemoryEventLogs } from './features/streams/memory-event-logs.ts';
import { createGenerations } from './generation/create-generations.ts';
import { createGraphQLCore } from './graphql/graphql-core.ts';
import { buildGraphQLSchema } from './graphql/schema.ts';
import type { Config } from './platform/config.ts';
import type { Logger } from './platform/logger.ts';
import type { Secret } from './platform/secret.ts';
import { createProvider } from './providers/create-provider.ts';
import { createHttpServer } from './server/http-server.ts';
import { resolveModels } from './features/pricing/resolve-models.ts';
