// What outlives the request it began with and goes on for one caller: sockets, streamed answers. When keys change, each
// is told who its caller is now, or that there is none any more.

import type { Caller } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import type { RenewCaller } from './authenticate.ts';

export interface LiveCallers {
  /** @throws SluiceError FORBIDDEN where the credentials are good no longer. */
  requireKnown(caller: Caller): void;
  /**
   * `onChange` is told of each change until the function given back is called; undefined: the credentials are good no longer.
   * @throws SluiceError FORBIDDEN where they are not already.
   */
  join(caller: Caller, onChange: (caller: Caller | undefined) => void): () => void;
  /** Looks after all; gives how many have no caller any more. */
  renewAll(): number;
}

interface Live {
  caller: Caller;
  readonly onChange: (caller: Caller | undefined) => void;
}

/** `renew`: by the settings of the moment. */
export function createLiveCallers(renew: RenewCaller): LiveCallers {
  const all = new Set<Live>();

  /** A change may have come between the sign-in and this. */
  function known(caller: Caller): Caller {
    const now = renew(caller);
    if (now === undefined) throw new SluiceError('FORBIDDEN', 'Your key was revoked.');
    return now;
  }

  return {
    requireKnown: (caller) => void known(caller),
    join(caller, onChange) {
      const now = known(caller);
      const live = { caller: now, onChange };
      all.add(live);
      if (now !== caller) onChange(now);
      return () => void all.delete(live);
    },
    renewAll() {
      let gone = 0;
      for (const live of all) {
        const now = renew(live.caller);
        if (now === live.caller) continue;
        if (now === undefined) {
          gone++;
          all.delete(live);
        } else live.caller = now;
        live.onChange(now);
      }
      return gone;
    },
  };
}
