// Provider for Google's Gemini API (generateContent and streamGenerateContent).

import type { ChatRequest } from '../../core/chat.ts';
import type { SafeFetch } from '../../platform/safe-fetch.ts';
import { type AdapterOptions, answerBounds, DEFAULT_MAX_ANSWER_BYTES, endpointUrl } from '../endpoint.ts';
import { fetchImages, unusableImage } from '../fetch-images.ts';
import { createImageBudget, type ImageBudget } from '../image-budget.ts';
import type { Provider, ProviderCall, ProviderDelta, ProviderEnd, RequestReview } from '../provider.ts';
import { createOptionList } from '../provider-options.ts';
import { readAnswer } from '../read-answer.ts';
import { createUpstreamClient } from '../upstream-client.ts';
import type { WireImages } from './gemini-contents.ts';
import { GEMINI_OPTIONS, GEMINI_RESERVED, geminiRequest } from './gemini-request.ts';
import { createGeminiAnswerReader } from './gemini-response.ts';
import { ownToolName } from './gemini-tools.ts';

export interface GeminiProviderOptions extends AdapterOptions {
  /** For images given by their addresses. Default: they are refused. */
  readonly fetchImage?: SafeFetch;
  /** Default: one of its own. */
  readonly imageBudget?: ImageBudget;
}

/** https://ai.google.dev/gemini-api/docs/generate-content/image-understanding#supported-formats */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif']);

/** The path of a call, query included. A model is named alone or with its collection: `tunedModels/mine`. */
function createPaths(baseUrl: string): (model: string, streamed: boolean) => string {
  const { pathname, search } = endpointUrl(baseUrl, '/');
  const streamSearch = `${search === '' ? '?' : `${search}&`}alt=sse`;
  return (model, streamed) => {
    const name = (model.includes('/') ? model : `models/${model}`).split('/').map(encodeURIComponent).join('/');
    return streamed
      ? `${pathname}${name}:streamGenerateContent${streamSearch}`
      : `${pathname}${name}:generateContent${search}`;
  };
}

export function createGeminiProvider(options: GeminiProviderOptions): Provider {
  const { id, baseUrl, apiKey, maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES } = options;
  const { fetchImage, imageBudget: budget = createImageBudget() } = options;
  const client = createUpstreamClient({
    url: endpointUrl(baseUrl, '/models'),
    headers: apiKey === undefined ? {} : { 'x-goog-api-key': apiKey.trim() },
    ...answerBounds(maxAnswerBytes),
    ...(options.network === undefined ? {} : { network: options.network }),
  });
  const pathOf = createPaths(baseUrl);
  const optionList = createOptionList('gemini', GEMINI_OPTIONS, options.allowedOptions, GEMINI_RESERVED);

  function review(request: ChatRequest, model: string): RequestReview {
    const { warnings } = geminiRequest(request, model, optionList);
    return { warnings: [...warnings, ...optionList.unsent(request)], refusedOptions: optionList.refused(request) };
  }

  function chat(call: ProviderCall, onDelta: (delta: ProviderDelta) => void): Promise<ProviderEnd> {
    const { model, request, streamed, signal } = call;
    const { body, images, mayBeFenced } = geminiRequest(request, model, optionList);
    const reader = createGeminiAnswerReader(onDelta, {
      maxAnswerBytes,
      mayBeFenced,
      ownToolName: (wireName) => ownToolName(wireName, request.tools),
    });
    return readAnswer(reader, async () => {
      const { timeouts, release } =
        images.byUrl.size === 0 ? { ...call, release: () => {} } : await fillIn(images.byUrl, call);
      try {
        if (!images.all.every(({ mimeType }) => IMAGE_TYPES.has(mimeType))) {
          throw unusableImage('this provider takes PNG, JPEG, WebP, HEIC and HEIF');
        }
        return await client.post({
          path: pathOf(model, streamed),
          body: JSON.stringify(body),
          streamed,
          timeouts,
          signal,
          onEvent: reader.readEvent,
        });
      } finally {
        release();
      }
    });
  }

  /** Fetches the images that are only named. Returns what is left of the call's time. */
  async function fillIn(images: WireImages['byUrl'], { timeouts, signal }: ProviderCall) {
    if (fetchImage === undefined) throw unusableImage('this provider wants it sent along, and none is fetched');
    const { totalMs } = timeouts;
    const atMs = performance.now() + totalMs;
    const held = await fetchImages(images.keys(), { fetchImage, budget, signal, deadline: { atMs, totalMs } });
    for (const [url, image] of images) {
      const { mediaType = '', base64 = '' } = held.images.get(url) ?? {};
      Object.assign(image, { mimeType: mediaType, data: base64 });
    }
    const left = { ...timeouts, totalMs: Math.max(1, Math.round(atMs - performance.now())) };
    return { timeouts: left, release: held.release };
  }

  return { id, review, chat, close: client.close };
}
