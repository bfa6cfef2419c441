// The certificate a server shows: that of its configuration, and whatever takes its place in the files.

import type { Clock } from '../core/clock.ts';
import type { TlsConfig } from './config.ts';
import type { TlsPair } from './tls-pair.ts';
import { type TlsLogger, type TlsWatch, watchTlsPair } from './tls-watch.ts';

export interface CertificateKeeper {
  /**
   * Uses the pair of this configuration, and looks after its files from here on. The one that is kept already: nothing
   * changes. undefined: there is none to keep.
   */
  keep(tls: TlsConfig | undefined): void;
  close(): void;
}

export interface CertificateKeeperOptions {
  /** Called with each pair that is another than the one before. */
  readonly use: (pair: TlsPair) => void;
  readonly logger: TlsLogger;
  readonly clock: Clock;
  /** Between two looks at the files. Default: that of the watch. */
  readonly intervalMs?: number;
}

export function createCertificateKeeper(options: CertificateKeeperOptions): CertificateKeeper {
  const { use, ...watching } = options;
  let kept: TlsConfig | undefined;
  let watch: TlsWatch | undefined;
  let inUse: string | undefined;

  function take(pair: TlsPair): void {
    // Sessions that clients could take up again end with each change.
    if (pair.fingerprint !== inUse) use(pair);
    inUse = pair.fingerprint;
  }

  return {
    keep(tls) {
      // Its pair is as it was read at first: the files may have had another since.
      if (tls === kept) return;
      kept = tls;
      watch?.close();
      if (tls === undefined) return;
      take(tls.pair);
      watch = watchTlsPair({ ...watching, files: tls, pair: tls.pair, onChange: take });
    },
    close: () => watch?.close(),
  };
}
