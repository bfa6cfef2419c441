// Provider for Anthropic's Messages API, and for servers that speak the same.

import type { ChatRequest } from '../../core/chat.ts';
import { type AdapterOptions, answerBounds, DEFAULT_MAX_ANSWER_BYTES, endpointUrl } from '../endpoint.ts';
import type { Provider, ProviderCall, ProviderDelta, ProviderEnd, RequestReview } from '../provider.ts';
import { createOptionList } from '../provider-options.ts';
import { readAnswer } from '../read-answer.ts';
import { createUpstreamClient } from '../upstream-client.ts';
import { ANTHROPIC_OPTIONS, ANTHROPIC_RESERVED, anthropicRequest } from './anthropic-request.ts';
import { createAnthropicAnswerReader } from './anthropic-response.ts';

/** https://platform.claude.com/docs/en/api/versioning */
const API_VERSION = '2023-06-01';

export function createAnthropicProvider(options: AdapterOptions): Provider {
  const { id, baseUrl, apiKey, maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES } = options;
  const client = createUpstreamClient({
    url: endpointUrl(baseUrl, '/messages'),
    headers: {
      'anthropic-version': API_VERSION,
      ...(apiKey === undefined ? {} : { 'x-api-key': apiKey.trim() }),
    },
    ...answerBounds(maxAnswerBytes),
    ...(options.network === undefined ? {} : { network: options.network }),
  });
  const optionList = createOptionList('anthropic', ANTHROPIC_OPTIONS, options.allowedOptions, ANTHROPIC_RESERVED);

  function review(request: ChatRequest, model: string): RequestReview {
    const { warnings } = anthropicRequest(request, model, optionList);
    return { warnings: [...warnings, ...optionList.unsent(request)], refusedOptions: optionList.refused(request) };
  }

  function chat(call: ProviderCall, onDelta: (delta: ProviderDelta) => void): Promise<ProviderEnd> {
    const { model, request, streamed, timeouts, signal } = call;
    const { body, mayBeFenced } = anthropicRequest(request, model, optionList);
    const reader = createAnthropicAnswerReader(onDelta, { maxAnswerBytes, mayBeFenced });
    return readAnswer(reader, () =>
      client.post({
        body: JSON.stringify(streamed ? { ...body, stream: true } : body),
        streamed,
        timeouts,
        signal,
        onEvent: reader.readEvent,
      }),
    );
  }

  return { id, review, chat, close: client.close };
}
