// Deletions are confirmed by what was shown of them: the value of one place depends on that of another, whoever asks.

import type { Send } from './calls.ts';

/** Stands where the confirmation goes. */
export const toBeConfirmed = 'to be confirmed';

type Input = Record<string, unknown>;

/** The variables with what confirms them; of what is not there, with one of the same form. */
export async function confirmed(variables: Readonly<Input>, operator: string, send: Send): Promise<Readonly<Input>> {
  const entries = Object.entries(variables).map(async ([name, value]): Promise<[string, unknown]> => {
    const input = typeof value === 'object' && value !== null ? (value as Input) : {};
    if (input['confirmation'] !== toBeConfirmed) return [name, value];
    const { id } = input;
    const query = 'query ($id: ID!) { deletionPreview(id: $id) { confirmation } }';
    const { results } = await send(operator, 'POST', { query, variables: { id } });
    const data = results[0]?.data as { deletionPreview: { confirmation: string } | null } | null | undefined;
    const made = `${String(id).replace(/^(?:organization|project):/, '')} ${'0'.repeat(64)}`;
    const confirmation = data?.deletionPreview?.confirmation ?? Buffer.from(made).toString('base64url');
    return [name, { ...input, confirmation }];
  });
  return Object.fromEntries(await Promise.all(entries));
}
