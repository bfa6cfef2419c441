// The providers' official SDKs behind one face: a question goes in, what the SDK makes of the answer comes out, in our
// words and with every class of tokens counted as the provider's documentation says.

import Anthropic from '@anthropic-ai/sdk';
import type { Content, GenerateContentConfig, GenerateContentParameters, GenerateContentResponse } from '@google/genai';
import OpenAI from 'openai';
import type { ModelFinishReason, TokenCounts } from '../../src/core/chat.ts';
import type { ProviderKind } from '../../src/core/provider-kinds.ts';
import type { WireName } from '../../src/simulator/types.ts';
import { DRIVERS, type Question, type WireDriver } from '../unit/simulator/wire-samples.ts';
import { createGeminiClient } from './gemini-sdk.ts';

export interface SdkQuestion {
  readonly url: string;
  readonly apiKey: string;
  readonly model: string;
  readonly question: Question;
  readonly streamed: boolean;
}

export interface SdkAnswer {
  readonly text: string;
  readonly reasoning: string;
  /** Name and arguments. */
  readonly toolCalls: readonly (readonly [string, unknown])[];
  readonly finishReason: ModelFinishReason;
  readonly usage: TokenCounts | undefined;
}

export interface SdkDriver {
  readonly kind: ProviderKind;
  readonly format: WireName;
  /** From the upstream's address to our adapter's base URL. */
  readonly basePath: string;
  readonly tellsCacheWrites: boolean;
  /** Our adapter hands addresses of images on; otherwise it fetches them, which is another story. */
  readonly takesAddresses: boolean;
  /** A name our adapter takes for a model that can do everything. */
  readonly model: string;
  ask(asked: SdkQuestion): Promise<SdkAnswer>;
}

const wireBody = (format: WireName, { question, streamed, model }: SdkQuestion) =>
  (DRIVERS.find((driver) => driver.name === format) as WireDriver).body(question, streamed, model) as unknown;

const FINISH_REASONS: Readonly<Record<string, ModelFinishReason>> = {
  stop: 'STOP',
  length: 'LENGTH',
  tool_calls: 'TOOL_CALLS',
  content_filter: 'CONTENT_FILTER',
  end_turn: 'STOP',
  stop_sequence: 'STOP',
  max_tokens: 'LENGTH',
  tool_use: 'TOOL_CALLS',
  refusal: 'CONTENT_FILTER',
  STOP: 'STOP',
  MAX_TOKENS: 'LENGTH',
  SAFETY: 'CONTENT_FILTER',
};

function finishReason(told: string | null | undefined, calls: number): ModelFinishReason {
  const found = FINISH_REASONS[told ?? ''];
  if (found === undefined) throw new Error(`An unknown finish reason: ${told}`);
  // Some say that the answer has ended, and leave it to the reader to see that it ended in calls.
  return found === 'STOP' && calls > 0 ? 'TOOL_CALLS' : found;
}

/** What the SDK's types do not know: servers that show their reasoning have it in a field of its own. */
const reasoningIn = (message: object | undefined): string => {
  const reasoning: unknown = message === undefined ? undefined : Reflect.get(message, 'reasoning_content');
  return typeof reasoning === 'string' ? reasoning : '';
};

async function askOpenAi(asked: SdkQuestion): Promise<SdkAnswer> {
  const client = new OpenAI({ apiKey: asked.apiKey, baseURL: `${asked.url}/v1`, maxRetries: 0 });
  let reasoning = '';
  let completion: OpenAI.Chat.ChatCompletion;
  if (asked.streamed) {
    const stream = client.chat.completions.stream(
      wireBody('openai', asked) as OpenAI.Chat.ChatCompletionCreateParamsStreaming,
    );
    stream.on('chunk', (chunk) => {
      reasoning += reasoningIn(chunk.choices[0]?.delta);
    });
    completion = await stream.finalChatCompletion();
  } else {
    completion = await client.chat.completions.create(
      wireBody('openai', asked) as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming,
    );
    reasoning = reasoningIn(completion.choices[0]?.message);
  }
  const [choice] = completion.choices;
  const calls = choice?.message.tool_calls ?? [];
  const { usage } = completion;
  return {
    text: choice?.message.content ?? '',
    reasoning,
    toolCalls: calls.flatMap((call) =>
      call.type === 'function' ? [[call.function.name, JSON.parse(call.function.arguments)] as const] : [],
    ),
    finishReason: finishReason(choice?.finish_reason, calls.length),
    usage: usage && {
      inputTokens: usage.prompt_tokens,
      cachedInputTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
      cacheWriteTokens: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
      outputTokens: usage.completion_tokens,
      reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    },
  };
}

async function askAnthropic(asked: SdkQuestion): Promise<SdkAnswer> {
  const client = new Anthropic({ apiKey: asked.apiKey, baseURL: asked.url, maxRetries: 0 });
  const body = wireBody('anthropic', asked);
  const message = asked.streamed
    ? await client.messages.stream(body as Anthropic.MessageStreamParams).finalMessage()
    : await client.messages.create(body as Anthropic.MessageCreateParamsNonStreaming);
  const toolCalls = message.content.flatMap((block) =>
    block.type === 'tool_use' ? [[block.name, block.input] as const] : [],
  );
  const { usage } = message;
  const cachedInputTokens = usage.cache_read_input_tokens ?? 0;
  const cacheWriteTokens = usage.cache_creation_input_tokens ?? 0;
  return {
    text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    reasoning: message.content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    toolCalls,
    finishReason: finishReason(message.stop_reason, toolCalls.length),
    usage: {
      inputTokens: usage.input_tokens + cachedInputTokens + cacheWriteTokens,
      cachedInputTokens,
      cacheWriteTokens,
      outputTokens: usage.output_tokens,
      reasoningTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
    },
  };
}

/** Google's SDK has the settings of a call beside its contents, and not below them as they stand on the wire. */
function geminiParameters(asked: SdkQuestion): GenerateContentParameters {
  const { contents, generationConfig, ...rest } = wireBody('gemini', asked) as {
    readonly contents: Content[];
    readonly generationConfig: GenerateContentConfig;
  };
  return { model: asked.model, contents, config: { ...generationConfig, ...rest } };
}

async function askGemini(asked: SdkQuestion): Promise<SdkAnswer> {
  const client = createGeminiClient({ apiKey: asked.apiKey, httpOptions: { baseUrl: asked.url } });
  const chunks: GenerateContentResponse[] = [];
  if (asked.streamed) {
    for await (const chunk of await client.models.generateContentStream(geminiParameters(asked))) chunks.push(chunk);
  } else {
    chunks.push(await client.models.generateContent(geminiParameters(asked)));
  }
  const parts = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
  const toolCalls = parts.flatMap(({ functionCall: call }) =>
    call === undefined ? [] : [[call.name ?? '', call.args] as const],
  );
  const usage = chunks.at(-1)?.usageMetadata;
  const reasoningTokens = usage?.thoughtsTokenCount ?? 0;
  const textOf = (thought: boolean) =>
    parts.map((part) => ((part.thought === true) === thought ? (part.text ?? '') : '')).join('');
  return {
    text: textOf(false),
    reasoning: textOf(true),
    toolCalls,
    finishReason: finishReason(chunks.at(-1)?.candidates?.[0]?.finishReason, toolCalls.length),
    usage: usage && {
      inputTokens: usage.promptTokenCount ?? 0,
      cachedInputTokens: usage.cachedContentTokenCount ?? 0,
      cacheWriteTokens: 0,
      outputTokens: (usage.candidatesTokenCount ?? 0) + reasoningTokens,
      reasoningTokens,
    },
  };
}

export const SDKS: readonly SdkDriver[] = [
  {
    kind: 'openai',
    format: 'openai',
    basePath: '/v1',
    tellsCacheWrites: true,
    takesAddresses: true,
    model: 'gpt-5.1',
    ask: askOpenAi,
  },
  {
    kind: 'openai-compatible',
    format: 'openai',
    basePath: '/v1',
    tellsCacheWrites: true,
    takesAddresses: true,
    model: 'house-model',
    ask: askOpenAi,
  },
  {
    kind: 'anthropic',
    format: 'anthropic',
    basePath: '/v1',
    tellsCacheWrites: true,
    takesAddresses: true,
    model: 'claude-haiku-4-5',
    ask: askAnthropic,
  },
  {
    kind: 'gemini',
    format: 'gemini',
    basePath: '/v1beta',
    tellsCacheWrites: false,
    takesAddresses: false,
    model: 'gemini-2.5-flash',
    ask: askGemini,
  },
];
