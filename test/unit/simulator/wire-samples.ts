// The same question put in each wire format, and the answer read back: what a test needs to hold the formats side by side.

import type { JsonRecord, WireName } from '../../../src/simulator/types.ts';
import type { TestSimulator } from '../../support/start-simulator.ts';

export interface Question {
  readonly system?: string;
  readonly prompt: string;
  /** Addresses, or data URLs of PNGs. */
  readonly images?: readonly string[];
  readonly tools?: readonly { readonly name: string; readonly parameters: JsonRecord }[];
  /** A call of the first tool that was made before, and its result. */
  readonly answered?: { readonly arguments: JsonRecord; readonly result: string };
  readonly forced?: boolean;
  readonly schema?: JsonRecord;
  readonly thinks?: boolean;
  readonly stop?: readonly string[];
  readonly maxTokens?: number;
}

export interface WireDriver {
  readonly name: WireName;
  path(streamed: boolean, model: string): string;
  body(question: Question, streamed: boolean, model: string): JsonRecord;
  readonly headers: Record<string, string>;
  /** Text of a whole plain body. */
  plainText(body: unknown): string;
  /** The JSON of one frame of a stream. */
  readFrame(frame: string): unknown;
  /** Its part of the text. */
  deltaText(data: unknown): string;
  /** What ends a stream. */
  readonly endMark: string | undefined;
}

type Fields = { readonly [key: string]: Fields | undefined } & readonly Fields[];

const at = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Fields | undefined)?.[key as string], value);
const textAt = (value: unknown, ...path: (string | number)[]): string => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
};
const dataOf = (frame: string): unknown => {
  const line = frame.split(/\r?\n/).find((one) => one.startsWith('data: '));
  return line === undefined || line === 'data: [DONE]' ? undefined : JSON.parse(line.slice('data: '.length));
};
const base64Of = (url: string) => url.slice(url.indexOf(',') + 1);

const openai: WireDriver = {
  name: 'openai',
  path: () => '/v1/chat/completions',
  headers: { authorization: 'Bearer key' },
  body: (question, streamed, model) => {
    const { system, prompt, images = [], tools = [], answered, schema, forced, thinks, stop, maxTokens } = question;
    const parts = images.map((url) => ({ type: 'image_url', image_url: { url } }));
    const call = { id: 'call_1', type: 'function', function: { name: tools[0]?.name ?? '' } };
    return {
      model,
      ...(streamed ? { stream: true, stream_options: { include_usage: true } } : {}),
      messages: [
        ...(system === undefined ? [] : [{ role: 'system', content: system }]),
        { role: 'user', content: parts.length === 0 ? prompt : [{ type: 'text', text: prompt }, ...parts] },
        ...(answered === undefined
          ? []
          : [
              {
                role: 'assistant',
                tool_calls: [
                  { ...call, function: { ...call.function, arguments: JSON.stringify(answered.arguments) } },
                ],
              },
              { role: 'tool', tool_call_id: 'call_1', content: answered.result },
            ]),
      ],
      ...(tools.length === 0 ? {} : { tools: tools.map((tool) => ({ type: 'function', function: tool })) }),
      ...(forced === true ? { tool_choice: 'required' } : {}),
      ...(schema === undefined
        ? {}
        : { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } }),
      ...(thinks === true ? { reasoning_effort: 'low' } : {}),
      ...(stop === undefined ? {} : { stop }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    } as JsonRecord;
  },
  plainText: (body) => textAt(body, 'choices', 0, 'message', 'content'),
  readFrame: dataOf,
  deltaText: (data) => textAt(data, 'choices', 0, 'delta', 'content'),
  endMark: 'data: [DONE]',
};

const anthropic: WireDriver = {
  name: 'anthropic',
  path: () => '/v1/messages',
  headers: { 'x-api-key': 'key', 'anthropic-version': '2023-06-01' },
  body: (question, streamed, model) => {
    const { system, prompt, images = [], tools = [], answered, schema, forced, thinks, stop, maxTokens } = question;
    const blocks = images.map((url) => ({
      type: 'image',
      source: url.startsWith('data:')
        ? { type: 'base64', media_type: 'image/png', data: base64Of(url) }
        : { type: 'url', url },
    }));
    return {
      model,
      max_tokens: maxTokens ?? 4096,
      ...(streamed ? { stream: true } : {}),
      ...(system === undefined ? {} : { system }),
      messages: [
        { role: 'user', content: blocks.length === 0 ? prompt : [{ type: 'text', text: prompt }, ...blocks] },
        ...(answered === undefined
          ? []
          : [
              {
                role: 'assistant',
                content: [{ type: 'tool_use', id: 'call_1', name: tools[0]?.name ?? '', input: answered.arguments }],
              },
              {
                role: 'user',
                content: [{ type: 'tool_result', tool_use_id: 'call_1', content: answered.result }],
              },
            ]),
      ],
      ...(tools.length === 0
        ? {}
        : { tools: tools.map(({ name, parameters }) => ({ name, input_schema: parameters })) }),
      ...(forced === true ? { tool_choice: { type: 'any' } } : {}),
      ...(schema === undefined ? {} : { output_config: { format: { type: 'json_schema', schema } } }),
      ...(thinks === true ? { thinking: { type: 'adaptive', display: 'summarized' } } : {}),
      ...(stop === undefined ? {} : { stop_sequences: stop }),
    } as JsonRecord;
  },
  plainText: (body) =>
    [at(body, 'content') ?? []]
      .flat()
      .map((block) => textAt(block, 'text'))
      .join(''),
  readFrame: dataOf,
  deltaText: (data) => textAt(data, 'delta', 'text'),
  endMark: 'event: message_stop',
};

const gemini: WireDriver = {
  name: 'gemini',
  path: (streamed, model) =>
    `/v1beta/models/${model}:${streamed ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  headers: { 'x-goog-api-key': 'key' },
  body: (question) => {
    const { system, prompt, images = [], tools = [], answered, schema, forced, thinks, stop, maxTokens } = question;
    const parts = images.map((url) =>
      url.startsWith('data:')
        ? { inlineData: { mimeType: 'image/png', data: base64Of(url) } }
        : { fileData: { fileUri: url } },
    );
    const name = tools[0]?.name ?? '';
    return {
      ...(system === undefined ? {} : { systemInstruction: { parts: [{ text: system }] } }),
      contents: [
        { role: 'user', parts: [{ text: prompt }, ...parts] },
        ...(answered === undefined
          ? []
          : [
              { role: 'model', parts: [{ functionCall: { name, args: answered.arguments } }] },
              { role: 'user', parts: [{ functionResponse: { name, response: { output: answered.result } } }] },
            ]),
      ],
      ...(tools.length === 0
        ? {}
        : {
            tools: [
              {
                functionDeclarations: tools.map((tool) => ({
                  name: tool.name,
                  parametersJsonSchema: tool.parameters,
                })),
              },
            ],
          }),
      ...(forced === true ? { toolConfig: { functionCallingConfig: { mode: 'ANY' } } } : {}),
      generationConfig: {
        ...(schema === undefined ? {} : { responseMimeType: 'application/json', responseJsonSchema: schema }),
        ...(thinks === true ? { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } } : {}),
        ...(stop === undefined ? {} : { stopSequences: stop }),
        ...(maxTokens === undefined ? {} : { maxOutputTokens: maxTokens }),
      },
    } as JsonRecord;
  },
  plainText: (body) => geminiText(body),
  readFrame: dataOf,
  deltaText: (data) => geminiText(data),
  endMark: undefined,
};

function geminiText(body: unknown): string {
  const parts = (at(body, 'candidates', 0, 'content', 'parts') ?? []) as readonly unknown[];
  return parts.map((part) => (at(part, 'thought') === true ? '' : textAt(part, 'text'))).join('');
}

export const DRIVERS: readonly WireDriver[] = [openai, anthropic, gemini];

export function ask(
  simulator: TestSimulator,
  driver: WireDriver,
  question: Question,
  streamed: boolean,
  init: RequestInit = {},
  model = 'sim-instant',
): Promise<Response> {
  return fetch(simulator.url + driver.path(streamed, model), {
    method: 'POST',
    body: JSON.stringify(driver.body(question, streamed, model)),
    ...init,
    headers: { ...driver.headers, ...init.headers },
  });
}

/** Frames of a stream of events, comments left out. */
export const framesIn = (body: string): readonly string[] =>
  body.split(/\r?\n\r?\n/).filter((frame) => frame !== '' && !frame.startsWith(':'));

export const streamText = (driver: WireDriver, body: string): string =>
  framesIn(body)
    .map((frame) => driver.deltaText(driver.readFrame(frame)))
    .join('');
