// How a resolver gets at what the admission gate planned for it.

import type { GraphQLResolveInfo } from 'graphql';
import type { GraphQLContext } from './context.ts';
import type { PlannedField } from './operation-plan.ts';

/** The planned field under the response key being resolved. @throws Error when the gate was left out: a bug of ours. */
export function planOf<K extends PlannedField['kind']>(
  { plan }: Pick<GraphQLContext, 'plan'>,
  { path }: Pick<GraphQLResolveInfo, 'path'>,
  kind: K,
): Extract<PlannedField, { kind: K }> {
  if (plan === undefined) throw new Error('a generating field ran without passing the admission gate');
  return plan.take(String(path.key), kind);
}
