// What answers take up in memory, for stores bounded in bytes. Counted high: two bytes a character and a flat sum for
// the rest.

import type { Generation } from './generation.ts';

export function bytesInMemory(generation: Generation): number {
  let characters = (generation.text?.length ?? 0) + (generation.reasoning?.length ?? 0);
  for (const call of generation.toolCalls) characters += JSON.stringify(call.arguments).length;
  if (generation.json !== undefined) characters *= 2;
  return 1024 + 2 * characters;
}
