// What a fuzzing process has to say at its end.

export interface FuzzReport {
  readonly seed: number;
  readonly operations: number;
  /** By the way they went. */
  readonly sent: Readonly<Record<string, number>>;
  /** Operations whose document parsed and fitted the schema and the limits. */
  readonly validated: number;
  /** Operations that got as far as a resolver. */
  readonly resolved: number;
  /** The first thing that was wrong, with what it takes to see it again. */
  readonly failure: string | undefined;
  /** After forced garbage collections: once warm, and after each window. */
  readonly heapKib: readonly number[];
  readonly heapGrowthBytesPer10000: number;
  readonly ms: number;
}

/** The median of the slopes between all pairs of measurements (Theil and Sen): one odd measurement does not bend it. */
export function growthPer10000(heap: readonly { readonly operations: number; readonly bytes: number }[]): number {
  const slopes = heap.flatMap((later, index) =>
    heap
      .slice(0, index)
      .map((earlier) => (later.bytes - earlier.bytes) / Math.max(1, later.operations - earlier.operations)),
  );
  slopes.sort((left, right) => left - right);
  return Math.round((slopes[Math.floor(slopes.length / 2)] ?? 0) * 10_000);
}
