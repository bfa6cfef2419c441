// All that remembers what was generated, in the memory of this process.

import type { Clock } from '../core/clock.ts';
import { createMemoryIdempotencyClaims } from '../features/admission/memory-idempotency-claims.ts';
import { createMemoryBatchStore } from '../features/results/memory-batch-store.ts';
import { createMemoryResultStore } from '../features/results/memory-result-store.ts';
import { batchEventBytes, generationEventBytes } from '../features/streams/event-size.ts';
import { createMemoryEventLogs } from '../features/streams/memory-event-logs.ts';
import type { Config } from '../platform/config.ts';

const HOUR_MS = 3_600_000;
/** Of ended batches' logs together: answers that, for the most part, the results hold as well. */
const BATCH_LOG_BYTES = 128 * 1024 * 1024;

export function createStorage(config: Config, clock: Clock) {
  const times = ({ streams, idempotency }: Config) => ({
    logs: { retentionMs: streams.retentionMs, stalledReaderMs: streams.stalledReaderMs },
    retentionMs: idempotency.retentionHours * HOUR_MS,
  });
  const { logs: logTimes, retentionMs } = times(config);
  const logs = createMemoryEventLogs({ ...logTimes, clock, sizeOf: generationEventBytes });
  const batchLogs = createMemoryEventLogs({
    ...logTimes,
    clock,
    sizeOf: batchEventBytes,
    maxEndedBytes: BATCH_LOG_BYTES,
  });
  const claims = createMemoryIdempotencyClaims({ retentionMs });
  const results = createMemoryResultStore({ metadataTtlMs: retentionMs });
  const batches = createMemoryBatchStore({ ttlMs: retentionMs });
  return {
    stores: { logs, batchLogs, claims, results, batches },
    adjust(next: Config): void {
      const now = times(next);
      logs.adjust(now.logs);
      batchLogs.adjust(now.logs);
      claims.adjust(now);
      results.adjust({ metadataTtlMs: now.retentionMs });
      batches.adjust({ ttlMs: now.retentionMs });
    },
    close(): void {
      logs.close();
      batchLogs.close();
    },
  };
}
