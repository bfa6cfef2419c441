// Provider for whatever an installed package of the Vercel AI SDK speaks to. The package knows the wire format; one
// attempt, its time-outs, bounds and errors are as for every other provider, for its requests go over a fetch of ours.
// Nothing of the AI SDK itself is used, and nothing retries behind our back.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChatRequest } from '../../core/chat.ts';
import { UpstreamError } from '../../core/upstream-error.ts';
import type { AiSdkPackage } from '../../platform/ai-sdk-package.ts';
import type { SafeFetch } from '../../platform/safe-fetch.ts';
import { answerBounds, DEFAULT_MAX_ANSWER_BYTES } from '../endpoint.ts';
import { createImageBudget, type ImageBudget } from '../image-budget.ts';
import type { Provider, ProviderCall, ProviderDelta, ProviderEnd, RequestReview } from '../provider.ts';
import { createOptionList } from '../provider-options.ts';
import { providerRequestId } from '../retry-after.ts';
import { withDetails } from '../upstream-errors.ts';
import { DIRECT_NETWORK, type UpstreamNetwork } from '../upstream-pool.ts';
import { type AiSdkAttempt, createAttempt } from './ai-sdk-attempt.ts';
import { errorFromAiSdk } from './ai-sdk-errors.ts';
import { createAiSdkFetch } from './ai-sdk-fetch.ts';
import { withFetchedImages } from './ai-sdk-images.ts';
import { type AiSdkModel, factsOf } from './ai-sdk-packages.ts';
import { AI_SDK_RESERVED, type AiSdkCallOptions, aiSdkCallOptions, reasoningWarning } from './ai-sdk-request.ts';
import {
  type AiSdkPart,
  AiSdkPartError,
  type AiSdkReader,
  type AiSdkResult,
  createAiSdkReader,
} from './ai-sdk-response.ts';

export interface AiSdkProviderOptions {
  readonly id: string;
  readonly aiSdk: AiSdkPackage;
  /** Whether the package may send prompts and keys unencrypted to other machines. */
  readonly allowInsecure: boolean;
  /** Bytes of text, reasoning and tool arguments of one answer. Default 4 MiB. */
  readonly maxAnswerBytes?: number;
  /** Names in `providerOptions` that may be sent. Default: none. */
  readonly allowedOptions?: readonly string[];
  readonly network?: UpstreamNetwork;
  /** For pictures that a model does not fetch itself. Default: their addresses are handed to the package. */
  readonly fetchImage?: SafeFetch;
  /** Default: one of its own. */
  readonly imageBudget?: ImageBudget;
}

/** Models are asked for by the configuration, not by callers; a reload may bring others. */
const MAX_MODELS = 256;

export function createAiSdkProvider(options: AiSdkProviderOptions): Provider {
  const { id, aiSdk, maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES, imageBudget: budget = createImageBudget() } = options;
  const facts = factsOf(aiSdk.name);
  const optionList = createOptionList('ai-sdk', [], options.allowedOptions, AI_SDK_RESERVED);
  const attempts = new AsyncLocalStorage<AiSdkAttempt>();
  const network = createAiSdkFetch({
    ...answerBounds(maxAnswerBytes),
    network: options.network ?? DIRECT_NETWORK,
    allowInsecure: options.allowInsecure,
    currentAttempt: () => attempts.getStore(),
  });
  const provider = aiSdk.create(network.fetch);
  const models = new Map<string, AiSdkModel>();

  function modelOf(name: string): AiSdkModel {
    const known = models.get(name);
    if (known !== undefined) return known;
    const model = provider.languageModel(name) as AiSdkModel;
    for (const oldest of models.keys()) {
      if (models.size < MAX_MODELS) break;
      models.delete(oldest);
    }
    models.set(name, model);
    return model;
  }

  function review(request: ChatRequest, name: string): RequestReview {
    const warnings: string[] = [];
    if (facts.cacheMark === undefined && request.messages.some(({ cacheBreakpoint }) => cacheBreakpoint)) {
      warnings.push('cacheBreakpoint was not sent: the package of this provider has no word for it.');
    }
    const unthought = reasoningWarning(request, modelOf(name), facts);
    if (unthought !== undefined) warnings.push(unthought);
    return { warnings: [...warnings, ...optionList.unsent(request)], refusedOptions: optionList.refused(request) };
  }

  async function chat(call: ProviderCall, onDelta: (delta: ProviderDelta) => void): Promise<ProviderEnd> {
    const attempt = createAttempt(call);
    const reader = createAiSdkReader((delta) => {
      // What a package still tells after the attempt is over is nobody's any more.
      if (attempt.signal.aborted) return;
      attempt.wrote();
      onDelta(delta);
    }, maxAnswerBytes);
    try {
      const work = attempts.run(attempt, () => ask(call, attempt, reader));
      await Promise.race([work, attempt.stopped]);
      attempt.whole();
      const { finishReason } = reader.end();
      const { usage, answerId, warnings } = reader;
      return { finishReason, usage, providerRequestId: providerRequestId(attempt.headers) ?? answerId, warnings };
    } catch (error) {
      attempt.end();
      throw failureOf(error, attempt, reader);
    }
  }

  async function ask(call: ProviderCall, attempt: AiSdkAttempt, reader: AiSdkReader): Promise<void> {
    const { streamed } = call;
    const model = modelOf(call.model);
    const { fetchImage } = options;
    const request = fetchImage
      ? await withFetchedImages(call.request, model, { fetchImage, budget, signal: attempt.signal })
      : call.request;
    const asked = aiSdkCallOptions(request, { model, facts, optionList, abortSignal: attempt.signal });
    if (streamed) await readStream(await streamOf(model, asked), attempt, reader);
    else {
      reader.readResult(await resultOf(model, asked), request.output.format === 'JSON');
      attempt.end();
    }
  }

  return { id, review, chat, close: network.close };
}

// The two specifications agree on all that is used here, and their types cannot say so.
type Generate = (options: AiSdkCallOptions) => PromiseLike<AiSdkResult>;
type Stream = (options: AiSdkCallOptions) => PromiseLike<{ readonly stream: ReadableStream<AiSdkPart> }>;

const resultOf = (model: AiSdkModel, options: AiSdkCallOptions): PromiseLike<AiSdkResult> =>
  (model.doGenerate.bind(model) as Generate)(options);
const streamOf = async (model: AiSdkModel, options: AiSdkCallOptions): Promise<ReadableStream<AiSdkPart>> =>
  (await (model.doStream.bind(model) as Stream)(options)).stream;

/** Resolves with the last part; what comes after it is read in the background, so that the connection can be kept. */
async function readStream(
  stream: ReadableStream<AiSdkPart>,
  attempt: AiSdkAttempt,
  reader: AiSdkReader,
): Promise<void> {
  const parts = stream.getReader();
  for (;;) {
    const { done, value } = await parts.read();
    if (attempt.signal.aborted) return;
    attempt.read();
    if (done) return;
    if (!reader.readPart(value)) {
      if (reader.begun) attempt.wrote();
      continue;
    }
    void drain(parts).finally(attempt.end);
    return;
  }
}

async function drain(parts: ReadableStreamDefaultReader<AiSdkPart>): Promise<void> {
  try {
    while (!(await parts.read()).done);
  } catch {
    // The answer was whole.
  }
}

function failureOf(error: unknown, attempt: AiSdkAttempt, reader: AiSdkReader): UpstreamError {
  const told = error instanceof AiSdkPartError ? error.cause : error;
  const { status, headers, bodyInsteadOfStream: body } = attempt;
  // The attempt's own word on it first: the package tells a cut, a refused connection and the like in words of its own.
  const failure =
    error instanceof UpstreamError
      ? error
      : (attempt.networkError() ?? errorFromAiSdk(told, { phase: attempt.phase(), status, headers, body }));
  const requestId = providerRequestId(headers) ?? reader.answerId;
  return withDetails(failure, { status, usage: reader.usage, providerRequestId: requestId });
}
