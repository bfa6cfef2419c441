// Pictures given by their address, for models that take no address: fetched here, without being led into our own
// network, and sent along. Packages leave that to the SDK that is usually around them.

import type { ChatRequest, Message, Part } from '../../core/chat.ts';
import { UpstreamError } from '../../core/upstream-error.ts';
import type { SafeFetch } from '../../platform/safe-fetch.ts';
import { SafeFetchError } from '../../platform/safe-fetch-exchange.ts';
import type { AiSdkModel } from './ai-sdk-packages.ts';

const MOST_IMAGES = 16;

const rejected = (message: string, retryable = false): UpstreamError =>
  new UpstreamError(retryable ? 'UPSTREAM_ERROR' : 'UPSTREAM_REJECTED', message, { phase: 'NOT_SENT', retryable });

/** Whether the model fetches such a picture itself. Patterns are for lower-case addresses. */
async function fetchesItself(model: AiSdkModel): Promise<(url: string) => boolean> {
  const supported: unknown = await model.supportedUrls;
  const patterns = Object.entries((supported ?? {}) as Record<string, unknown>)
    .filter(([mediaType]) => /^(?:\*|\*\/\*|image|image\/.+)$/.test(mediaType))
    .flatMap(([, list]) => (Array.isArray(list) ? list : []));
  return (url) => patterns.some((pattern: { test?: (text: string) => boolean }) => pattern.test?.(url.toLowerCase()));
}

const partsOf = (message: Message): readonly Part[] => message.parts;
const isUrl = (part: Part): part is Extract<Part, { readonly type: 'image-url' }> => part.type === 'image-url';

/** The request with all pictures in it that the model would not fetch. @throws UpstreamError */
export async function withFetchedImages(
  request: ChatRequest,
  model: AiSdkModel,
  fetchImage: SafeFetch,
  signal: AbortSignal,
): Promise<ChatRequest> {
  const wanted = new Set(
    request.messages
      .flatMap(partsOf)
      .filter(isUrl)
      .map(({ url }) => url),
  );
  if (wanted.size === 0) return request;
  const native = await fetchesItself(model);
  const urls = [...wanted].filter((url) => !native(url));
  if (urls.length > MOST_IMAGES) {
    throw rejected(`This provider is sent pictures along, and at most ${MOST_IMAGES} are fetched for a call.`);
  }
  const images = new Map(
    await Promise.all(urls.map(async (url) => [url, await toImageData(url, fetchImage, signal)] as const)),
  );
  const withData = (part: Part): Part => (isUrl(part) ? (images.get(part.url) ?? part) : part);
  const messages = request.messages.map((message) => ({ ...message, parts: message.parts.map(withData) }));
  return { ...request, messages };
}

async function toImageData(url: string, fetchImage: SafeFetch, signal: AbortSignal): Promise<Part> {
  const headers = { accept: 'image/*' };
  const answer = await fetchImage({ url, headers, signal }).catch((error: unknown) => {
    const code = error instanceof SafeFetchError ? error.code : 'UNREADABLE';
    const told = error instanceof SafeFetchError ? ` ${error.message}` : '';
    throw rejected(
      `A picture of this request could not be fetched.${told}`,
      code === 'UNREACHABLE' || code === 'TIMED_OUT',
    );
  });
  if (answer.status !== 200) {
    throw rejected(
      `A picture of this request could not be fetched: its server answered with status ${answer.status}.`,
      answer.status >= 500,
    );
  }
  const contentType = answer.headers['content-type'];
  const mediaType = typeof contentType === 'string' ? (contentType.split(';')[0]?.trim().toLowerCase() ?? '') : '';
  if (!/^image\/[a-z0-9.+-]{1,64}$/.test(mediaType))
    throw rejected('An address in this request leads to something that is no picture.');
  return { type: 'image-data', mediaType, base64: answer.body.toString('base64') };
}
