// Provider for OpenAI's chat completions and the many servers that speak the same (vLLM, llama.cpp, Ollama, Groq, ...).

import type { ChatRequest } from '../../core/chat.ts';
import { type AdapterOptions, answerBounds, DEFAULT_MAX_ANSWER_BYTES, endpointUrl } from '../endpoint.ts';
import type { Provider, ProviderCall, ProviderDelta, ProviderEnd, RequestReview } from '../provider.ts';
import { createOptionList } from '../provider-options.ts';
import { readAnswer } from '../read-answer.ts';
import { createUpstreamClient } from '../upstream-client.ts';
import type { UpstreamAnswer } from '../upstream-exchange.ts';
import {
  COMPATIBLE_OPTIONS,
  OPENAI_OPTIONS,
  OPENAI_RESERVED,
  type OpenAiKind,
  openAiRequestBody,
} from './openai-request.ts';
import { createOpenAiAnswerReader } from './openai-response.ts';

export interface OpenAiProviderOptions extends AdapterOptions {
  readonly kind: OpenAiKind;
}

/** A server older than `stream_options`, or stricter: it names the field it does not know. */
const refusesStreamOptions = ({ status, body }: UpstreamAnswer): boolean =>
  (status === 400 || status === 422) && body !== undefined && body.includes('stream_options');

export function createOpenAiProvider(options: OpenAiProviderOptions): Provider {
  const { id, kind, baseUrl, apiKey, maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES } = options;
  const client = createUpstreamClient({
    url: endpointUrl(baseUrl, '/chat/completions'),
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey.trim()}` },
    ...answerBounds(maxAnswerBytes),
    ...(options.network === undefined ? {} : { network: options.network }),
  });
  const optionList = createOptionList(
    kind,
    kind === 'openai' ? OPENAI_OPTIONS : COMPATIBLE_OPTIONS,
    options.allowedOptions,
    OPENAI_RESERVED,
  );
  let usageInStream = true;

  function review(request: ChatRequest): RequestReview {
    const warnings: string[] = [];
    if (request.messages.some(({ cacheBreakpoint }) => cacheBreakpoint)) {
      warnings.push('cacheBreakpoint was not sent: this provider decides by itself what of a prompt it caches.');
    }
    if (request.reasoning?.maxTokens !== undefined) {
      warnings.push('reasoning.maxTokens was not sent: this provider takes an effort only.');
    }
    return { warnings: [...warnings, ...optionList.unsent(request)], refusedOptions: optionList.refused(request) };
  }

  function chat(call: ProviderCall, onDelta: (delta: ProviderDelta) => void): Promise<ProviderEnd> {
    const { model, request, streamed, timeouts, signal } = call;
    const startedAtMs = performance.now();
    const reader = createOpenAiAnswerReader(onDelta, maxAnswerBytes);
    const post = (withUsage: boolean, totalMs: number): Promise<UpstreamAnswer> =>
      client.post({
        body: openAiRequestBody(request, { kind, model, streamed, usageInStream: withUsage, optionList }),
        streamed,
        timeouts: { ...timeouts, totalMs },
        signal,
        onEvent: reader.readEvent,
      });
    return readAnswer(reader, async () => {
      const asked = streamed && usageInStream;
      const answer = await post(asked, timeouts.totalMs);
      if (!asked || !refusesStreamOptions(answer)) return answer;
      const second = await post(false, Math.max(1, timeouts.totalMs - (performance.now() - startedAtMs)));
      // Remembered only when that was it: the error may have quoted a prompt that says the name.
      if (second.status < 300) usageInStream = false;
      return second;
    });
  }

  return { id, review, chat, close: client.close };
}
