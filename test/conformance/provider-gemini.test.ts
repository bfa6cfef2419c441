// The adapter for Google's Gemini API on the simulator, as two generations of Gemini: one that thinks by a budget, and one
// that thinks by a level and takes no samplers and no prefilled answers besides.

import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message, ToolCall } from '../../src/core/chat.ts';
import { createProvider } from '../../src/providers/create-provider.ts';
import { startTestSimulator } from '../support/start-simulator.ts';
import { chatRequest, runCall, userMessage } from '../unit/providers/chat-samples.ts';
import { describeProvider, type ProviderUnderTest } from './provider-conformance.ts';

const KEY = 'AIza-test-0123456789abcdef';
const MODELS = ['gemini-2.5-flash', 'gemini-3.8-flash'] as const;
/** A picture of one white pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';

async function setup(model: string): Promise<ProviderUnderTest> {
  const simulator = await startTestSimulator({ apiKey: KEY });
  // A rule that applies to no request: the simulator has every model that a rule names.
  simulator.script({ model, match: '\u0000' });
  const provider = createProvider({
    id: 'simulated',
    kind: 'gemini',
    baseUrl: `${simulator.url}/v1beta`,
    apiKey: KEY,
    maxAnswerBytes: 64 * 1024,
    fetchImage: async () => ({ status: 200, headers: {}, body: Buffer.from(PIXEL, 'base64') }),
  });
  return {
    provider,
    upstream: simulator,
    model,
    refusedFor: ['dangerous_content', 'hate_speech'],
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      await provider.close();
    },
  };
}

for (const model of MODELS) describeProvider(`gemini (${model})`, () => setup(model));

const message = (role: Message['role'], text: string, more: Partial<Message> = {}): Message => ({
  ...userMessage(text),
  role,
  ...more,
});
const call = (id: string): ToolCall => ({ id, name: '3d_view', arguments: { city: 'Bern' } });
const tools = [{ name: '3d_view', description: undefined, parameters: { anyOf: [{ required: ['city'] }] } }];
const reasoning = { effort: 'MEDIUM', maxTokens: 100_000 } as const;

describe.each(MODELS)('what the API refuses is never sent to %s', (model) => {
  it.each<[string, Partial<ChatRequest>]>([
    [
      'every sampler at once',
      {
        temperature: 2,
        topP: 0.1,
        seed: 2 ** 40,
        stop: [' ', '\n', 'c', 'd'],
        providerOptions: { gemini: { topK: 5, presencePenalty: 1, mediaResolution: 'MEDIA_RESOLUTION_LOW' } },
      },
    ],
    ['thinking with more than there is', { reasoning }],
    [
      'calls whose results come late, twice or not at all, of tools with names of other providers',
      {
        reasoning,
        tools,
        toolChoice: { mode: 'TOOL', name: '3d_view' },
        messages: [
          userMessage('How is the weather?'),
          message('ASSISTANT', ' ', { toolCalls: [call('call:1/a'), call('b')] }),
          message('ASSISTANT', 'And once more.', { toolCalls: [call('c')] }),
          userMessage('Quick!'),
          message('TOOL', '', { toolCallId: 'b' }),
          message('TOOL', 'sunny', { toolCallId: 'call:1/a' }),
          message('TOOL', 'warm', { toolCallId: 'call:1/a' }),
          message('ASSISTANT', '', { parts: [], toolCalls: [call('b')] }),
        ],
      },
    ],
    [
      'calls without tools, and a choice of none',
      {
        toolChoice: { mode: 'AUTO' },
        messages: [
          userMessage('How is the weather?'),
          message('ASSISTANT', '', { parts: [], toolCalls: [call('a')] }),
          message('TOOL', 'sunny', { toolCallId: 'a' }),
        ],
      },
    ],
    [
      'a conversation out of order, with blanks',
      {
        messages: [
          message('ASSISTANT', 'Welcome.'),
          message('SYSTEM', 'Be brief.'),
          message('USER', 'One.', { cacheBreakpoint: true }),
          message('USER', ''),
          message('ASSISTANT', ''),
          message('SYSTEM', 'Be kind.'),
          message('ASSISTANT', 'Three.'),
        ],
      },
    ],
    ['JSON beside tools', { tools, output: { format: 'JSON', name: 'x', schema: { type: 'object' } } }],
  ])('%s', async (_what, request) => {
    await using under = await setup(model);
    const asked = chatRequest({ maxOutputTokens: 8_192, ...request });
    expect(under.provider.review(asked, model).warnings.length).toBeLessThan(8);
    for (const streamed of [false, true]) {
      expect((await runCall(under.provider, { model, request: asked, streamed })).error).toBeUndefined();
    }
  });

  it('tools are called back by the names callers gave them', async () => {
    await using under = await setup(model);
    const toolChoice = { mode: 'TOOL', name: '3d_view' } as const;
    const outcome = await runCall(under.provider, { model, request: chatRequest({ tools, toolChoice }) });
    expect(outcome.toolCalls).toEqual([[expect.any(String), '3d_view', expect.any(String)]]);
  });
});
