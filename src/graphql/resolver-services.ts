// The services resolvers call, and nothing else they may reach.

import type { ModelCatalog } from '../features/routing/model-catalog.ts';
import type { Generations } from '../generation/generations.ts';

export interface ResolverServices {
  readonly generations: Generations;
  readonly models: ModelCatalog;
}
