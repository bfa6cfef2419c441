// The official SDKs and our adapters put the same questions to the same upstream and have to agree: on the text, the calls
// of tools, why the answer ended and on every class of tokens, each counted once. The upstream's bill is the third witness.

import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message, ModelFinishReason, TokenCounts } from '../../src/core/chat.ts';
import type { ProviderKind } from '../../src/core/provider-kinds.ts';
import { createProvider } from '../../src/providers/create-provider.ts';
import type { Behaviour, BillEntry } from '../../src/simulator/types.ts';
import { SDKS, type SdkAnswer, type SdkDriver } from '../support/official-sdks.ts';
import { startTestSimulator, type TestSimulator } from '../support/start-simulator.ts';
import { chatRequest, runCall, userMessage } from '../unit/providers/chat-samples.ts';
import type { Question } from '../unit/simulator/wire-samples.ts';

const KEY = 'sk-test-0123456789abcdef';
const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER = {
  name: 'get_weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
};
const SEARCH = {
  name: 'search_orders',
  parameters: {
    type: 'object',
    properties: { query: { type: 'string' } },
    required: ['query'],
    additionalProperties: false,
  },
};
const SCHEMA = {
  type: 'object',
  properties: { title: { type: 'string' }, days: { type: 'integer' } },
  required: ['title', 'days'],
  additionalProperties: false,
};

const WAYS = SDKS.flatMap((sdk) =>
  [false, true].map((streamed) => [`${sdk.kind}, ${streamed ? 'streamed' : 'plain'}`, sdk, streamed] as const),
);

/** The question as a caller of ours puts it. */
function requestOf(question: Question): ChatRequest {
  const { system, prompt, images = [], tools = [], answered, forced, schema, thinks, stop = [], maxTokens } = question;
  const messages: Message[] = [];
  if (system !== undefined) messages.push({ ...userMessage(system), role: 'SYSTEM' });
  const pictures = images.map((url): Message['parts'][number] =>
    url.startsWith('data:')
      ? { type: 'image-data', base64: url.slice(url.indexOf(',') + 1), mediaType: 'image/png' }
      : { type: 'image-url', url },
  );
  messages.push({ ...userMessage(prompt), parts: [{ type: 'text', text: prompt }, ...pictures] });
  if (answered !== undefined) {
    const call = { id: 'call_1', name: tools[0]?.name ?? '', arguments: answered.arguments };
    messages.push({ ...userMessage(''), role: 'ASSISTANT', parts: [], toolCalls: [call] });
    messages.push({ ...userMessage(answered.result), role: 'TOOL', toolCallId: 'call_1' });
  }
  return chatRequest({
    messages,
    maxOutputTokens: maxTokens ?? 4096,
    stop,
    tools: tools.map((tool) => ({ ...tool, description: undefined })),
    toolChoice: forced === true ? { mode: 'REQUIRED' } : undefined,
    output: schema === undefined ? { format: 'TEXT' } : { format: 'JSON', schema, name: 'answer' },
    reasoning: thinks === true ? { effort: 'LOW', maxTokens: undefined } : undefined,
  });
}

async function throughAdapter(
  simulator: TestSimulator,
  sdk: SdkDriver,
  question: Question,
  streamed: boolean,
): Promise<SdkAnswer> {
  const kind: ProviderKind = sdk.kind;
  const settings = { id: 'simulated', kind, baseUrl: simulator.url + sdk.basePath, apiKey: KEY };
  const provider = createProvider(settings);
  try {
    const outcome = await runCall(provider, { model: sdk.model, streamed, request: requestOf(question) });
    if (outcome.error !== undefined) throw outcome.error;
    return {
      text: outcome.text,
      reasoning: outcome.reasoning,
      toolCalls: outcome.toolCalls.map(([, name, text]) => [name, JSON.parse(text)]),
      finishReason: outcome.finishReason as ModelFinishReason,
      usage: outcome.usage,
    };
  } finally {
    await provider.close();
  }
}

async function lastEntry(simulator: TestSimulator): Promise<BillEntry> {
  const bill = await simulator.waitFor(({ inFlight, requests }) => inFlight === 0 && requests.length > 0);
  return bill.requests.at(-1) as BillEntry;
}

const billed = (entry: BillEntry): TokenCounts => ({
  inputTokens: entry.promptTokens,
  cachedInputTokens: entry.cachedTokens,
  cacheWriteTokens: entry.cacheWriteTokens,
  outputTokens: entry.completionTokens,
  reasoningTokens: entry.reasoningTokens,
});

/** Both answers, each checked against the bill. */
async function bothAnswers(sdk: SdkDriver, question: Question, streamed: boolean, behaviour?: Behaviour) {
  await using simulator = await startTestSimulator({ apiKey: KEY });
  // The simulator has every model that a rule names.
  simulator.script({ model: sdk.model, ...behaviour });
  const theirs = await sdk.ask({ url: simulator.url, apiKey: KEY, model: sdk.model, question, streamed });
  const first = await lastEntry(simulator);
  expect(theirs.usage).toEqual(billed(first));
  const ours = await throughAdapter(simulator, sdk, question, streamed);
  const second = await lastEntry(simulator);
  expect(ours.usage).toEqual(billed(second));
  expect([first.format, second.format]).toEqual([sdk.format, sdk.format]);
  return { theirs, ours };
}

describe('the official SDK and our adapter agree', () => {
  const questions: [string, Question, Partial<SdkAnswer>][] = [
    ['a text', { prompt: 'Tell me about שלום, cafe\u0301s and 👩‍👩‍👧' }, { finishReason: 'STOP' }],
    ['a text under a system prompt', { prompt: 'Why do rivers meander?', system: 'Be brief.' }, { toolCalls: [] }],
    ['a stop sequence', { prompt: 'Why do we sleep?', stop: ['. '] }, { finishReason: 'STOP' }],
    ['an output cap', { prompt: 'Why do we sleep?', maxTokens: 5 }, { finishReason: 'LENGTH' }],
    [
      'a call of a tool',
      { prompt: 'The weather in Bern, in celsius?', tools: [WEATHER, SEARCH] },
      {
        finishReason: 'TOOL_CALLS',
        text: '',
        toolCalls: [['get_weather', { city: 'Bern', unit: 'celsius' }]],
      },
    ],
    [
      'calls of two tools',
      { prompt: 'Search the orders and get the weather in Bern', tools: [WEATHER, SEARCH] },
      { finishReason: 'TOOL_CALLS', toolCalls: [expect.anything(), expect.anything()] as never },
    ],
    [
      'a forced call',
      { prompt: 'Why is the sky blue?', tools: [WEATHER], forced: true },
      { finishReason: 'TOOL_CALLS', toolCalls: [['get_weather', expect.anything()]] },
    ],
    [
      'the result of a tool',
      {
        prompt: 'The weather in Bern, in celsius?',
        tools: [WEATHER],
        answered: { arguments: { city: 'Bern', unit: 'celsius' }, result: '{"temperature":21}' },
      },
      { finishReason: 'STOP', text: 'The tool get weather says: temperature is 21.' },
    ],
    ['JSON by a schema', { prompt: 'Plan 5 days from Bern to Zürich', schema: SCHEMA }, { finishReason: 'STOP' }],
    [
      'an image',
      { prompt: 'What is in this?', images: [PIXEL] },
      { text: expect.stringContaining('70 bytes') as never },
    ],
    ['thinking', { prompt: 'Why do we sleep?', thinks: true }, { reasoning: expect.stringMatching(/./) as never }],
  ];

  it.each(
    questions.flatMap(([what, question, expected]) =>
      WAYS.map(([way, sdk, streamed]) => [what, way, sdk, streamed, question, expected] as const),
    ),
  )('on %s (%s)', async (_what, _way, sdk, streamed, question, expected) => {
    const { theirs, ours } = await bothAnswers(sdk, question, streamed);
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject(expected);
  });

  it.each(WAYS.filter(([, sdk]) => sdk.takesAddresses))(
    'on an image at an address (%s)',
    async (_way, sdk, streamed) => {
      const question = { prompt: 'What is in this?', images: ['https://example.com/cat.png'] };
      const { theirs, ours } = await bothAnswers(sdk, question, streamed);
      expect(ours).toEqual(theirs);
      expect(ours.text).toContain('I see an image at example.com.');
    },
  );

  it.each(WAYS)('on an answer that was stopped for its content (%s)', async (_way, sdk, streamed) => {
    const behaviour = { tokens: ['As ', 'far'], finishReason: 'content_filter' };
    const { theirs, ours } = await bothAnswers(sdk, { prompt: 'Why?' }, streamed, behaviour);
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({ text: 'As far', finishReason: 'CONTENT_FILTER' });
  });
});

describe('every class of tokens is counted once', () => {
  const usage = {
    promptTokens: 2_000,
    cachedTokens: 1_500,
    cacheWriteTokens: 300,
    completionTokens: 90,
    reasoningTokens: 40,
  };
  const told = (sdk: SdkDriver): TokenCounts => ({
    inputTokens: 2_000,
    cachedInputTokens: 1_500,
    cacheWriteTokens: sdk.tellsCacheWrites ? 300 : 0,
    outputTokens: 90,
    reasoningTokens: 40,
  });
  const inWords = (counts: TokenCounts) =>
    `in ${counts.inputTokens} (cached ${counts.cachedInputTokens}, written to the cache ${counts.cacheWriteTokens}), out ${counts.outputTokens} (thinking ${counts.reasoningTokens})`;

  it.each(WAYS.map(([way, sdk, streamed]) => [way, inWords(told(sdk)), sdk, streamed] as const))(
    '%s: %s',
    async (_way, _words, sdk, streamed) => {
      const behaviour = { usage, reasoning: 'Let me think.', text: 'Done.' };
      const { theirs, ours } = await bothAnswers(sdk, { prompt: 'Why?' }, streamed, behaviour);
      expect([theirs.usage, ours.usage]).toEqual([told(sdk), told(sdk)]);
    },
  );
});
