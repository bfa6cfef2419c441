// The services resolvers call, and nothing else they may reach.

import type { Generations } from '../generation/generations.ts';

export interface ResolverServices {
  readonly generations: Generations;
}
