// When keys were used last: collected in memory, written down together, not with every call.

import type { Clock } from '../../core/clock.ts';
import type { SignInRecords } from './sign-in-records.ts';

export interface KeyUseLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface KeyUse {
  mark(secretId: string): void;
  /** Writes the rest. */
  close(): Promise<void>;
}

const WRITE_EVERY_MS = 30_000;
/** While the database is away the oldest are given up for the newest. */
const MOST = 50_000;

export function createKeyUse({
  records,
  clock,
  logger,
}: {
  readonly records: () => SignInRecords | undefined;
  readonly clock: Clock;
  readonly logger: KeyUseLogger;
}): KeyUse {
  let used = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function write(): Promise<void> {
    timer = undefined;
    const batch = used;
    used = new Map();
    if (batch.size === 0) return;
    try {
      await records()?.markUsed(batch);
    } catch (error) {
      if (isClosed) return logger.warn({ err: error }, 'the last use of keys could not be written down');
      logger.debug({ err: error }, 'the last use of keys could not be written down: it is tried again');
      for (const [secretId, atMs] of batch) if (!used.has(secretId) && used.size < MOST) used.set(secretId, atMs);
      schedule();
    }
  }

  function schedule(): void {
    if (timer !== undefined || isClosed) return;
    timer = setTimeout(() => {
      writing = write();
    }, WRITE_EVERY_MS);
    timer.unref();
  }

  return {
    mark(secretId) {
      if (used.size >= MOST && !used.has(secretId)) {
        const first = used.keys().next();
        if (!first.done) used.delete(first.value);
      }
      used.set(secretId, clock.now());
      schedule();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await writing;
      await write();
    },
  };
}
