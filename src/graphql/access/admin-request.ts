// What the admin API's use cases learn of the operation they serve.

import { type AdminRequest, admit } from '../../features/access/admin-request.ts';
import type { GraphQLContext } from '../context.ts';

export function adminRequestOf({ caller, requestId, upstreams }: GraphQLContext): AdminRequest {
  return {
    caller,
    requestId,
    offers: {
      hasModel: (name) => upstreams.models.find(name, caller) !== undefined,
      hasProvider: (id) => upstreams.providers.has(id),
    },
  };
}

/** For fields of a type that everybody meets, but whose content is for those who administer. */
export const requireAdmin = (context: GraphQLContext): void => void admit(context);
