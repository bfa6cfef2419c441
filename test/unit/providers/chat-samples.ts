// Requests and calls for tests of providers, and one way to sum up what came back.

import type { ChatRequest, Message, TokenCounts } from '../../../src/core/chat.ts';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import type { Provider, ProviderCall, ProviderDelta } from '../../../src/providers/provider.ts';

export const userMessage = (text: string): Message => ({
  role: 'USER',
  parts: [{ type: 'text', text }],
  toolCalls: [],
  toolCallId: undefined,
  cacheBreakpoint: false,
});

export function chatRequest(overrides: Partial<ChatRequest> = {}): ChatRequest {
  return {
    messages: [userMessage('Say hello.')],
    maxOutputTokens: 256,
    temperature: undefined,
    topP: undefined,
    stop: [],
    seed: undefined,
    tools: [],
    toolChoice: undefined,
    output: { format: 'TEXT' },
    reasoning: undefined,
    providerOptions: {},
    ...overrides,
  };
}

export function providerCall(overrides: Partial<ProviderCall> = {}): ProviderCall {
  return {
    model: 'some-model',
    request: chatRequest(),
    streamed: true,
    timeouts: { connectMs: 10_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 20_000 },
    signal: new AbortController().signal,
    ...overrides,
  };
}

export interface Outcome {
  text: string;
  reasoning: string;
  /** id, name, arguments. */
  toolCalls: [string, string, string][];
  deltas: ProviderDelta[];
  finishReason?: string;
  usage?: TokenCounts | undefined;
  providerRequestId?: string | undefined;
  error?: UpstreamError;
}

export const blankOutcome = (): Outcome => ({ text: '', reasoning: '', toolCalls: [], deltas: [] });

export function addDelta(outcome: Outcome, delta: ProviderDelta): void {
  outcome.deltas.push(delta);
  if (delta.type === 'tool-call') {
    outcome.toolCalls[delta.index] ??= [delta.id ?? '', delta.name ?? '', ''];
    const call = outcome.toolCalls[delta.index];
    if (call !== undefined) call[2] += delta.argumentsText;
  } else {
    outcome[delta.type] += delta.text;
  }
}

/** Runs a call to its end, good or bad; whatever is thrown but an UpstreamError is thrown on. */
export async function runCall(provider: Provider, overrides: Partial<ProviderCall> = {}): Promise<Outcome> {
  const outcome = blankOutcome();
  try {
    const end = await provider.chat(providerCall(overrides), (delta) => addDelta(outcome, delta));
    return { ...outcome, ...end };
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { ...outcome, error };
  }
}
