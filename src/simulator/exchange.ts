// One call on the wire: its entry on the bill, its response, and the ways it can end. Pauses end early when the client
// leaves, so nothing waits for a connection that is gone.

import type { ServerResponse } from 'node:http';
import type { BillKeeper, OpenEntry } from './bill.ts';
import type { Behaviour } from './types.ts';

export interface Exchange {
  readonly entry: OpenEntry;
  /** The client left, or we closed: everything that is still to be sent is moot. */
  readonly gone: () => boolean;
  head(status: number, contentType: string, headers?: Readonly<Record<string, string>>): void;
  /** Makes the head leave before the body begins. */
  flushHead(): void;
  /** Resolves when more may be written. In pieces of `chunkBytes` where those are scripted. */
  write(data: string | Buffer): Promise<void> | undefined;
  end(data: string | Buffer): Promise<void> | undefined;
  /** Books tokens that were handed to the socket. */
  wrote(tokens: number, reasoningTokens: number, text: string): void;
  pause(milliseconds: number): Promise<void> | undefined;
  /** Until the next turn of the event loop, so that writes leave one by one. */
  turn(): Promise<void>;
  destroy(): void;
}

export function createExchange(
  response: ServerResponse,
  entry: OpenEntry,
  keeper: BillKeeper,
  closing: () => boolean,
): Exchange & { useBehaviour(behaviour: Behaviour): void } {
  let behaviour: Behaviour = {};
  let gone = false;
  let destroyed = false;
  let wake: (() => void) | undefined;
  let pending = Buffer.alloc(0);
  let chunkIndex = 0;

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
  const writeChunks = async (data: string | Buffer, lengths: readonly number[], last: boolean): Promise<void> => {
    pending = Buffer.concat([pending, typeof data === 'string' ? Buffer.from(data) : data]);
    while (pending.length > 0 && !gone) {
      const length = lengths[chunkIndex % lengths.length] ?? pending.length;
      if (pending.length < length && !last) return;
      chunkIndex += 1;
      const chunk = pending.subarray(0, length);
      pending = pending.subarray(length);
      await writeWhole(chunk);
      await turn();
    }
  };

  return {
    entry,
    gone: () => gone,
    useBehaviour: (used) => {
      behaviour = used;
    },
    head: (status, contentType, headers = {}) => {
      if (gone) return;
      entry.status = status;
      const all: Record<string, string> = {
        'content-type': behaviour.contentType ?? contentType,
        'x-request-id': entry.id,
        'openai-version': '2020-10-01',
        ...headers,
      };
      if (behaviour.retryAfterSeconds !== undefined) all['retry-after'] = String(behaviour.retryAfterSeconds);
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
    write: (data) =>
      behaviour.chunkBytes === undefined ? writeWhole(data) : writeChunks(data, behaviour.chunkBytes, false),
    end: (data) => {
      if (gone) return undefined;
      if (behaviour.chunkBytes === undefined) {
        response.end(data);
        return undefined;
      }
      return writeChunks(data, behaviour.chunkBytes, true).then(() => {
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
    pause: (milliseconds) => {
      if (milliseconds <= 0 || gone) return undefined;
      return until((done) => {
        const timer = setTimeout(done, milliseconds);
        return () => clearTimeout(timer);
      });
    },
    turn,
    destroy: () => {
      destroyed = true;
      response.destroy();
    },
  };
}
