// One call on the wire: its entry on the bill, its response, and the ways it can end. Pauses end early when the client
// leaves, so nothing waits for a connection that is gone.

import type { ServerResponse } from 'node:http';
import type { BillKeeper, OpenEntry } from './bill.ts';
import type { Behaviour } from './types.ts';

const DRIP_TICK_MS = 20;

export interface Exchange {
  readonly entry: OpenEntry;
  /** The client left, or we closed: everything that is still to be sent is moot. */
  readonly gone: () => boolean;
  head(status: number, contentType: string, headers?: Readonly<Record<string, string>>): void;
  /** Makes the head leave before the body begins. */
  flushHead(): void;
  /** Resolves when more may be written. In pieces where `chunkBytes` or `bytesPerSecond` are scripted. */
  write(data: string | Buffer): Promise<void> | undefined;
  end(data: string | Buffer): Promise<void> | undefined;
  /** Books tokens that were handed to the socket. */
  wrote(tokens: number, reasoningTokens: number, text: string): void;
  pause(milliseconds: number): Promise<void> | undefined;
  /** Until the next turn of the event loop, so that writes leave one by one. */
  turn(): Promise<void>;
  destroy(): void;
}

/** As it is for whoever decides about the call. */
export interface OwnExchange extends Exchange {
  useBehaviour(behaviour: Behaviour): void;
  /** Sent with the answer besides the usual ones. */
  useHeaders(headers: Readonly<Record<string, string>>): void;
}

export function createExchange(
  response: ServerResponse,
  entry: OpenEntry,
  keeper: BillKeeper,
  closing: () => boolean,
  usualHeaders: (retryAfterSeconds: number | undefined) => Record<string, string>,
): OwnExchange {
  let behaviour: Behaviour = {};
  let moreHeaders: Readonly<Record<string, string>> = {};
  let gone = false;
  let destroyed = false;
  let wake: (() => void) | undefined;
  let pending = Buffer.alloc(0);
  let pieceIndex = 0;

  response.on('finish', () => keeper.settle(entry, 'COMPLETED'));
  // A write that meets a socket just closed is no news: 'close' tells it.
  response.on('error', () => {});
  response.on('close', () => {
    gone = true;
    keeper.settle(entry, destroyed || closing() ? 'CUT' : 'ABORTED');
    wake?.();
  });

  const until = (start: (done: () => void) => (() => void) | undefined): Promise<void> =>
    new Promise((resolve) => {
      if (gone) return resolve();
      const stop = start(() => finish());
      const finish = () => {
        wake = undefined;
        stop?.();
        resolve();
      };
      wake = finish;
      return undefined;
    });
  const drained = () =>
    until((done) => {
      response.once('drain', done);
      return () => response.off('drain', done);
    });
  const turn = () =>
    until((done) => {
      const handle = setImmediate(done);
      return () => clearImmediate(handle);
    });

  const writeWhole = (data: string | Buffer): Promise<void> | undefined => {
    if (gone) return undefined;
    return response.write(data) ? undefined : drained();
  };
  const pause = (milliseconds: number): Promise<void> | undefined => {
    if (milliseconds <= 0 || gone) return undefined;
    return until((done) => {
      const timer = setTimeout(done, milliseconds);
      return () => clearTimeout(timer);
    });
  };
  const inPieces = () => behaviour.chunkBytes !== undefined || behaviour.bytesPerSecond !== undefined;
  /** Pieces of the lengths scripted, or what may leave in one tick; then a turn, or the time they are to take. */
  const writePieces = async (data: string | Buffer, last: boolean): Promise<void> => {
    const { chunkBytes, bytesPerSecond } = behaviour;
    pending = Buffer.concat([pending, typeof data === 'string' ? Buffer.from(data) : data]);
    while (pending.length > 0 && !gone) {
      const length =
        chunkBytes?.[pieceIndex % chunkBytes.length] ??
        Math.max(1, Math.ceil(((bytesPerSecond ?? 1) * DRIP_TICK_MS) / 1000));
      if (chunkBytes !== undefined && pending.length < length && !last) return;
      pieceIndex += 1;
      const piece = pending.subarray(0, length);
      pending = pending.subarray(length);
      await writeWhole(piece);
      if (bytesPerSecond === undefined) await turn();
      else await pause((piece.length * 1000) / bytesPerSecond);
    }
  };

  return {
    entry,
    gone: () => gone,
    useBehaviour: (used) => {
      behaviour = used;
    },
    useHeaders: (used) => {
      moreHeaders = used;
    },
    head: (status, contentType, headers = {}) => {
      if (gone) return;
      entry.status = status;
      const all: Record<string, string> = {
        'content-type': behaviour.contentType ?? contentType,
        ...usualHeaders(behaviour.retryAfterSeconds),
        ...moreHeaders,
        ...headers,
      };
      for (const [name, value] of Object.entries(behaviour.headers ?? {})) {
        const lower = name.toLowerCase();
        if (value === null) delete all[lower];
        else all[lower] = value;
      }
      response.writeHead(status, all);
      keeper.changed();
    },
    flushHead: () => {
      if (!gone) response.flushHeaders();
    },
    write: (data) => (inPieces() ? writePieces(data, false) : writeWhole(data)),
    end: (data) => {
      if (gone) return undefined;
      if (!inPieces()) {
        response.end(data);
        return undefined;
      }
      return writePieces(data, true).then(() => {
        if (!gone) response.end();
      });
    },
    wrote: (tokens, reasoningTokens, text) => {
      if (gone) return;
      entry.tokensWritten += tokens;
      entry.completionTokens += tokens;
      entry.reasoningTokens += reasoningTokens;
      if (keeper.keepContent) entry.text += text;
      keeper.changed();
    },
    pause,
    turn,
    destroy: () => {
      destroyed = true;
      response.destroy();
    },
  };
}
