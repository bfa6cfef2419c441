// How long things go on and are kept.

export interface GenerationSettings {
  /** How long a generation that nobody waits for goes on. */
  readonly graceMs: number;
  readonly coalesceMs: number;
  /** How long the answer of an unkeyed `startGeneration` is kept; as long as its log. */
  readonly streamRetentionMs: number;
  /** How long the answer of a keyed call is kept. */
  readonly resultRetentionMs: number;
}
