// The services resolvers call, and nothing else they may reach.

import type { AccessAdmin } from '../features/access/access-admin.ts';
import type { CreateClientToken } from '../features/auth/create-client-token.ts';
import type { Generations } from '../generation/generations.ts';

export interface ResolverServices {
  readonly generations: Generations;
  readonly createClientToken: CreateClientToken;
  readonly access: AccessAdmin;
}
