// The adapter for Anthropic's Messages API on the simulator, as two generations of Claude: one that thinks by a budget
// when it is asked to, one that thinks by itself.

import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message, ToolCall } from '../../src/core/chat.ts';
import { createProvider } from '../../src/providers/create-provider.ts';
import { startTestSimulator } from '../support/start-simulator.ts';
import { chatRequest, runCall, userMessage } from '../unit/providers/chat-samples.ts';
import { describeProvider, type ProviderUnderTest } from './provider-conformance.ts';

const KEY = 'sk-ant-test-0123456789abcdef';
const MODELS = ['claude-haiku-4-5', 'claude-opus-5'] as const;

async function setup(model: string): Promise<ProviderUnderTest> {
  const simulator = await startTestSimulator({ apiKey: KEY });
  // A rule that applies to no request: the simulator has every model that a rule names.
  simulator.script({ model, match: '\u0000' });
  const provider = createProvider({
    id: 'simulated',
    kind: 'anthropic',
    baseUrl: `${simulator.url}/v1`,
    apiKey: KEY,
    maxAnswerBytes: 64 * 1024,
  });
  return {
    provider,
    upstream: simulator,
    model,
    refusedFor: ['general_harms'],
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      await provider.close();
    },
  };
}

for (const model of MODELS) describeProvider(`anthropic (${model})`, () => setup(model));

const message = (role: Message['role'], text: string, more: Partial<Message> = {}): Message => ({
  ...userMessage(text),
  role,
  ...more,
});
const call = (id: string): ToolCall => ({ id, name: 'get_weather', arguments: { city: 'Bern' } });
const tools = [{ name: 'get_weather', description: undefined, parameters: { anyOf: [{ required: ['city'] }] } }];
const reasoning = { effort: 'HIGH', maxTokens: 5_000 } as const;
const marked = { cacheBreakpoint: true };

describe.each(MODELS)('what the API refuses is never sent to %s', (model) => {
  it.each<[string, Partial<ChatRequest>]>([
    [
      'every sampler at once',
      { temperature: 2, topP: 0.1, seed: 1, stop: ['\n'], providerOptions: { anthropic: { top_k: 5 } } },
    ],
    [
      'thinking with every sampler',
      { reasoning, temperature: 0.2, topP: 0.1, providerOptions: { anthropic: { top_k: 5 } } },
    ],
    ['thinking in a small answer', { reasoning: { effort: 'LOW', maxTokens: 100 }, maxOutputTokens: 200 }],
    ['thinking in an answer a little larger', { reasoning: { effort: 'LOW', maxTokens: 100 }, maxOutputTokens: 1_025 }],
    ['thinking with a forced tool', { reasoning, tools, toolChoice: { mode: 'TOOL', name: 'get_weather' } }],
    [
      'thinking after tool calls, whose results come late and from elsewhere',
      {
        reasoning,
        tools,
        messages: [
          userMessage('How is the weather?'),
          message('ASSISTANT', ' ', { toolCalls: [call('call:1/a'), call('b')] }),
          userMessage('Quick!'),
          message('TOOL', '', { toolCallId: 'b' }),
          message('TOOL', 'sunny', { toolCallId: 'call:1/a' }),
        ],
      },
    ],
    [
      'calls without tools',
      {
        messages: [
          userMessage('How is the weather?'),
          message('ASSISTANT', '', { parts: [], toolCalls: [call('a')] }),
          message('TOOL', 'sunny', { toolCallId: 'a' }),
        ],
      },
    ],
    [
      'a conversation out of order, with blanks and more breakpoints than there may be',
      {
        messages: [
          message('ASSISTANT', 'Welcome.', marked),
          message('SYSTEM', 'Be brief.', marked),
          message('USER', 'One.', marked),
          message('USER', 'Two.', marked),
          message('ASSISTANT', ' \n', marked),
          message('SYSTEM', 'Be kind.', marked),
          message('ASSISTANT', 'Three.', marked),
          userMessage('Four.'),
        ],
      },
    ],
    [
      'a schema with bounds, and one that cannot be sent',
      {
        output: {
          format: 'JSON',
          name: 'x',
          schema: { type: 'object', properties: { n: { type: 'integer', minimum: 1, maximum: 5 } }, required: ['n'] },
        },
      },
    ],
    ['a schema that cannot be sent', { output: { format: 'JSON', name: 'x', schema: { type: 'object' } } }],
  ])('%s', async (_what, request) => {
    await using under = await setup(model);
    const asked = chatRequest({ maxOutputTokens: 8_192, ...request });
    expect(under.provider.review(asked, model).warnings.length).toBeLessThan(8);
    for (const streamed of [false, true]) {
      expect((await runCall(under.provider, { model, request: asked, streamed })).error).toBeUndefined();
    }
  });
});
