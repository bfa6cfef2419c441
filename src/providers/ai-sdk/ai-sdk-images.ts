// Pictures given by their address, for models that take no address: fetched here, without being led into our own
// network, and sent along. Packages leave that to the SDK that is usually around them.

import type { ChatRequest, Message, Part } from '../../core/chat.ts';
import { fetchImages, type ImageFetching } from '../fetch-images.ts';
import type { AiSdkModel } from './ai-sdk-packages.ts';

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

/**
 * The request with all pictures in it that the model would not fetch. They count as held until the signal aborts, as it
 * does when the attempt is over: a package may go on, unheeded. @throws UpstreamError
 */
export async function withFetchedImages(
  request: ChatRequest,
  model: AiSdkModel,
  fetching: ImageFetching,
): Promise<ChatRequest> {
  const wanted = new Set(
    request.messages
      .flatMap(partsOf)
      .filter(isUrl)
      .map(({ url }) => url),
  );
  if (wanted.size === 0) return request;
  const native = await fetchesItself(model);
  const { images, release } = await fetchImages(
    [...wanted].filter((url) => !native(url)),
    fetching,
  );
  if (fetching.signal.aborted) release();
  fetching.signal.addEventListener('abort', release, { once: true });
  const withData = (part: Part): Part => {
    const image = isUrl(part) ? images.get(part.url) : undefined;
    return image === undefined ? part : { type: 'image-data', ...image };
  };
  const messages = request.messages.map((message) => ({ ...message, parts: message.parts.map(withData) }));
  return { ...request, messages };
}
