// Looks at the files of the certificate again and again, content and all: however they are replaced (written over,
// renamed, a symbolic link to them or to a folder above them turned), the new pair is in use soon after.

import { type Clock, systemClock } from '../core/clock.ts';
import {
  checkTlsPair,
  readTlsFiles,
  type TlsFiles,
  type TlsPair,
  type TlsReading,
  validityWarning,
} from './tls-pair.ts';

export interface TlsWatchOptions {
  readonly files: TlsFiles;
  /** As read already. */
  readonly pair: TlsPair;
  /** Told of each new pair that is good. */
  readonly onChange: (pair: TlsPair) => void;
  readonly logger: TlsLogger;
  readonly clock?: Clock;
  /** Between two looks. Default 5,000. */
  readonly intervalMs?: number;
}

export interface TlsLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface TlsWatch {
  close(): void;
}

/** Two files are not replaced at once, nor is one in no time: what is bad at two looks is told, once. */
export function watchTlsPair(options: TlsWatchOptions): TlsWatch {
  const { files, onChange, logger, clock = systemClock, intervalMs = 5_000 } = options;
  let { pair } = options;
  let seen = pair.fingerprint;
  let isTold = true;
  let lastWarning = validityWarning(files.certFile, pair, clock.now());
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const content = await readTlsFiles(files);
    if (isClosed) return;
    const isNew = content.fingerprint !== seen;
    seen = content.fingerprint;
    if (content.fingerprint !== pair.fingerprint && (isNew || !isTold)) weigh(checkTlsPair(content), isNew);
    warnOfValidity();
  }

  function weigh(reading: TlsReading, isNew: boolean): void {
    if (reading.type === 'GOOD') {
      take(reading.pair);
      return;
    }
    isTold = !isNew;
    if (isNew) return;
    const problems = reading.problems.map(({ field, found }) => `${field} is ${found}`);
    logger.warn({ ...files, problems }, 'the new certificate cannot be used: the one before stays in use');
  }

  function take(next: TlsPair): void {
    pair = next;
    onChange(next);
    logger.info(
      { certFile: files.certFile, validTo: new Date(next.validToMs).toISOString() },
      'a new certificate is in use',
    );
  }

  function warnOfValidity(): void {
    const warning = validityWarning(files.certFile, pair, clock.now());
    if (warning !== undefined && warning !== lastWarning) logger.warn({}, warning);
    lastWarning = warning;
  }

  function schedule(): void {
    if (isClosed) return;
    timer = setTimeout(() => {
      look()
        .catch((error: unknown) => logger.warn({ err: error, ...files }, 'the certificate could not be looked after'))
        .finally(schedule);
    }, intervalMs).unref();
  }
  schedule();

  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
