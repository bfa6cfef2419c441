// A provider whose every call is answered by the test, step by step.

import type { ModelFinishReason, TokenCounts } from '../../src/core/chat.ts';
import { UpstreamError } from '../../src/core/upstream-error.ts';
import type { Provider, ProviderCall, ProviderDelta } from '../../src/providers/provider.ts';

export interface ScriptedCall {
  readonly call: ProviderCall;
  emit(text: string): void;
  emitDelta(delta: ProviderDelta): void;
  finish(finishReason?: ModelFinishReason, usage?: TokenCounts, warnings?: readonly string[]): void;
  fail(error: unknown): void;
}

export interface ScriptedProvider extends Provider {
  readonly calls: ScriptedCall[];
  /** Answered so far without a hand: called for each call as it comes, if set. */
  onCall: ((call: ScriptedCall) => void) | undefined;
  /** Calls neither finished nor failed. */
  open(): number;
}

export function createScriptedProvider(): ScriptedProvider {
  const calls: ScriptedCall[] = [];
  let open = 0;
  const provider: ScriptedProvider = {
    id: 'scripted',
    calls,
    onCall: undefined,
    open: () => open,
    review: ({ messages }) => ({
      warnings: messages.some(({ cacheBreakpoint }) => cacheBreakpoint) ? ['cacheBreakpoint was not sent.'] : [],
      refusedOptions: [],
    }),
    chat: (call, onDelta) =>
      new Promise((resolve, reject) => {
        open++;
        let over = false;
        const settle = (end: () => void): void => {
          if (over) return;
          over = true;
          open--;
          end();
        };
        call.signal.addEventListener('abort', () => {
          const details = { phase: 'PARTIAL', retryable: false } as const;
          settle(() => reject(new UpstreamError('CANCELLED', 'cancelled', details)));
        });
        const scripted: ScriptedCall = {
          call,
          emit: (text) => onDelta({ type: 'text', text }),
          emitDelta: onDelta,
          finish: (finishReason = 'STOP', usage, warnings) => {
            const end = { finishReason, usage, providerRequestId: undefined };
            settle(() => resolve(warnings === undefined ? end : { ...end, warnings }));
          },
          fail: (error) => settle(() => reject(error)),
        };
        calls.push(scripted);
        provider.onCall?.(scripted);
      }),
    close: async () => {},
  };
  return provider;
}
