// The bytes behind one made-up request: each choice of a grammar takes some. A tape that has run out chooses the first,
// which is the plainest; so a shorter tape makes a plainer request, and shrinking the tape shrinks the request.

export interface Tape {
  /** From 0 to `count` − 1. */
  below(count: number): number;
  /** In so many of a hundred cases. */
  chance(percent: number): boolean;
  pick<T>(items: readonly T[]): T;
}

export function createTape(bytes: Uint8Array): Tape {
  let position = 0;
  const next = (): number => bytes[position++] ?? 0;
  const tape: Tape = {
    below: (count) => (count <= 1 ? 0 : count <= 256 ? next() % count : (next() * 256 + next()) % count),
    // Not the first: what is rare does not happen on an empty tape.
    chance: (percent) => next() % 100 >= 100 - percent,
    pick: <T>(items: readonly T[]): T => items[tape.below(items.length)] as T,
  };
  return tape;
}
