// The body of an answer as a package reads it: a stream that fails only after all that came before was read. Whatever a
// stream still holds when it fails is lost, and an answer that was cut is delivered as far as it came.

import { setImmediate as nextTurn } from 'node:timers/promises';

/** Bytes that wait for the package before the server has to wait. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface AnswerBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** False: enough waits already. */
  add(chunk: Uint8Array): boolean;
  end(): void;
  fail(error: unknown): void;
}

/** `onRoom`: told after each piece that the package takes; `onCancel`: it wants no more. */
export function createAnswerBody(onRoom: () => void, onCancel: () => void): AnswerBody {
  const chunks: Uint8Array[] = [];
  let waitingBytes = 0;
  let state: { readonly type: 'OPEN' | 'ENDED' } | { readonly type: 'FAILED'; readonly error: unknown } = {
    type: 'OPEN',
  };
  let wake = (): void => undefined;

  function close(next: typeof state): void {
    if (state.type === 'OPEN') state = next;
    wake();
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (chunks.length === 0 && state.type === 'OPEN') {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const chunk = chunks.shift();
        if (chunk !== undefined) {
          waitingBytes -= chunk.length;
          controller.enqueue(chunk);
          if (waitingBytes <= MAX_WAITING_BYTES) onRoom();
        } else if (state.type === 'FAILED') {
          // Pieces that are on their way through the package's own streams get to their end first.
          await nextTurn();
          controller.error(state.error);
        } else {
          controller.close();
        }
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    add: (chunk) => {
      chunks.push(chunk);
      waitingBytes += chunk.length;
      wake();
      return waitingBytes <= MAX_WAITING_BYTES;
    },
    end: () => close({ type: 'ENDED' }),
    fail: (error) => close({ type: 'FAILED', error }),
  };
}
