import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message } from '../../../../src/core/chat.ts';
import { type AiSdkModel, factsOf } from '../../../../src/providers/ai-sdk/ai-sdk-packages.ts';
import {
  AI_SDK_RESERVED,
  type AiSdkCallOptions,
  aiSdkCallOptions,
  reasoningWarning,
} from '../../../../src/providers/ai-sdk/ai-sdk-request.ts';
import { createOptionList } from '../../../../src/providers/provider-options.ts';
import { chatRequest, userMessage } from '../chat-samples.ts';

interface On {
  readonly specification?: 'v3' | 'v4';
  readonly packageName?: string;
  readonly provider?: string;
  readonly modelId?: string;
  readonly allowed?: readonly string[];
}

const modelOf = ({ specification = 'v4', provider = 'some-provider.chat', modelId = 'some-model' }: On): AiSdkModel =>
  ({ specificationVersion: specification, provider, modelId }) as AiSdkModel;

function optionsOf(overrides: Partial<ChatRequest>, on: On = {}): AiSdkCallOptions {
  const { abortSignal, ...options } = aiSdkCallOptions(chatRequest(overrides), {
    model: modelOf(on),
    facts: factsOf(on.packageName ?? 'any'),
    optionList: createOptionList('ai-sdk', [], on.allowed, AI_SDK_RESERVED),
    abortSignal: new AbortController().signal,
  });
  expect(abortSignal).toBeInstanceOf(AbortSignal);
  return options;
}

const warningOf = (overrides: Partial<ChatRequest>, on: On): string | undefined =>
  reasoningWarning(chatRequest(overrides), modelOf(on), factsOf(on.packageName ?? 'any'));

const message = (role: Message['role'], more: Partial<Message>): Message => ({
  ...userMessage(''),
  role,
  parts: [],
  ...more,
});
const BEDROCK = { packageName: '@ai-sdk/amazon-bedrock', provider: 'amazon-bedrock' };
const CLAUDE_BY_BUDGET = { ...BEDROCK, modelId: 'anthropic.claude-sonnet-4-5-20250929-v1:0' };
const CLAUDE_BY_EFFORT = { ...BEDROCK, modelId: 'eu.anthropic.claude-opus-4-6-v1' };

describe('call options', () => {
  it('leave out what was not asked for', () => {
    expect(optionsOf({})).toEqual({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Say hello.' }] }],
      maxOutputTokens: 256,
    });
  });

  it('say all that was asked for', () => {
    const schema = { type: 'object' };
    const tools = [
      { name: 'f', description: 'does f', parameters: schema },
      { name: 'g', description: undefined, parameters: schema },
    ];
    expect(
      optionsOf({
        temperature: 0.5,
        topP: 0.9,
        seed: 7,
        stop: ['END'],
        tools,
        toolChoice: { mode: 'TOOL', name: 'g' },
        output: { format: 'JSON', schema, name: 'answer' },
        reasoning: { effort: 'HIGH', maxTokens: undefined },
      }),
    ).toMatchObject({
      temperature: 0.5,
      topP: 0.9,
      seed: 7,
      stopSequences: ['END'],
      tools: [
        { type: 'function', name: 'f', description: 'does f', inputSchema: schema },
        { type: 'function', name: 'g', inputSchema: schema },
      ],
      toolChoice: { type: 'tool', toolName: 'g' },
      responseFormat: { type: 'json', schema, name: 'answer' },
      reasoning: 'high',
    });
  });

  it.each(['AUTO', 'NONE', 'REQUIRED'] as const)('take the tool choice %s, where there are tools', (mode) => {
    const tools = [{ name: 'f', description: undefined, parameters: {} }];
    expect(optionsOf({ tools, toolChoice: { mode } }).toolChoice).toEqual({ type: mode.toLowerCase() });
    expect(optionsOf({ toolChoice: { mode } })).not.toHaveProperty('toolChoice');
  });

  it('tell a conversation, each result of a tool with the name of its call', () => {
    const toolCalls = [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Bern' } }];
    const { prompt } = optionsOf({
      messages: [
        message('SYSTEM', {
          parts: [
            { type: 'text', text: 'Be ' },
            { type: 'text', text: 'brief.' },
          ],
        }),
        userMessage('How is it?'),
        message('ASSISTANT', { parts: [{ type: 'text', text: 'Let me look.' }], toolCalls }),
        message('TOOL', { parts: [{ type: 'text', text: '21' }], toolCallId: 'call_1' }),
      ],
    });
    expect(prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'How is it?' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me look.' },
          { type: 'tool-call', toolCallId: 'call_1', toolName: 'get_weather', input: { city: 'Bern' } },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'call_1', toolName: 'get_weather', output: { type: 'text', value: '21' } },
        ],
      },
    ]);
  });

  it('give pictures as the specification has them', () => {
    const parts = [
      { type: 'image-url', url: 'https://example.com/a.png' },
      { type: 'image-data', base64: 'AAAA', mediaType: 'image/png' },
    ] as const;
    const messages = [message('USER', { parts }), message('TOOL', { parts: parts.slice(1), toolCallId: 'x' })];
    const url = new URL('https://example.com/a.png');
    expect(optionsOf({ messages }).prompt).toMatchObject([
      {
        content: [
          { type: 'file', mediaType: 'image/*', data: { type: 'url', url } },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AAAA' } },
        ],
      },
      { content: [{ output: { type: 'content', value: [{ type: 'file', data: { type: 'data', data: 'AAAA' } }] } }] },
    ]);
    expect(optionsOf({ messages }, { specification: 'v3' }).prompt).toMatchObject([
      {
        content: [
          { type: 'file', mediaType: 'image/*', data: url },
          { type: 'file', mediaType: 'image/png', data: 'AAAA' },
        ],
      },
      {
        content: [
          { output: { type: 'content', value: [{ type: 'image-data', data: 'AAAA', mediaType: 'image/png' }] } },
        ],
      },
    ]);
  });

  it('ask for JSON in words where there is no schema and nobody said the word', () => {
    const output = { format: 'JSON', schema: undefined, name: 'answer' } as const;
    expect(optionsOf({ output })).toMatchObject({
      responseFormat: { type: 'json' },
      prompt: [{ role: 'system', content: 'Answer with JSON.' }, { role: 'user' }],
    });
    expect(optionsOf({ output, messages: [userMessage('as json, please')] }).prompt).toHaveLength(1);
  });

  it('mark cache breakpoints in the words of the package, and nowhere else', () => {
    const messages = [{ ...userMessage('long'), cacheBreakpoint: true }, userMessage('short')];
    const marked = (on: On): unknown =>
      optionsOf({ messages }, on).prompt.map(({ providerOptions }) => providerOptions);
    expect(marked(BEDROCK)).toEqual([{ amazonBedrock: { cachePoint: { type: 'default' } } }, undefined]);
    expect(marked({ ...BEDROCK, specification: 'v3' })).toEqual([
      { bedrock: { cachePoint: { type: 'default' } } },
      undefined,
    ]);
    expect(marked({ packageName: '@ai-sdk/anthropic' })).toEqual([
      { anthropic: { cacheControl: { type: 'ephemeral' } } },
      undefined,
    ]);
    expect(marked({})).toEqual([undefined, undefined]);
  });

  it('pass on allowed options under the name of the package, never those that are ours', () => {
    const providerOptions = { 'ai-sdk': { user: 'u', logprobs: 3, model: 'other', max_tokens: 1 } };
    const allowed = ['user', 'model', 'max_tokens'];
    expect(optionsOf({ providerOptions }, { allowed }).providerOptions).toEqual({ someProvider: { user: 'u' } });
    expect(optionsOf({ providerOptions })).not.toHaveProperty('providerOptions');
    expect(optionsOf({ providerOptions }, { ...BEDROCK, allowed }).providerOptions).toEqual({
      amazonBedrock: { user: 'u' },
    });
  });
});

describe('reasoning', () => {
  const effort = { effort: 'MEDIUM', maxTokens: undefined } as const;
  const budget = { effort: undefined, maxTokens: 2_000 } as const;

  it('by effort goes out as one where the specification has a word for it', () => {
    expect(optionsOf({ reasoning: effort }).reasoning).toBe('medium');
    expect(warningOf({ reasoning: effort }, {})).toBeUndefined();
    expect(optionsOf({ reasoning: effort }, { specification: 'v3' })).not.toHaveProperty('reasoning');
    expect(warningOf({ reasoning: effort }, { specification: 'v3' })).toMatch(/^reasoning was not sent: the package/);
  });

  it('by tokens is told as not sent where only an effort is taken', () => {
    expect(warningOf({ reasoning: { ...effort, maxTokens: 100 } }, {})).toMatch(/^reasoning\.maxTokens was not sent/);
    expect(warningOf({ reasoning: budget }, {})).toMatch(/^reasoning was not sent/);
    expect(optionsOf({ reasoning: budget })).toEqual(optionsOf({}));
    expect(warningOf({ reasoning: budget, maxOutputTokens: 4_096 }, CLAUDE_BY_EFFORT)).toMatch(
      /^reasoning was not sent/,
    );
  });

  it('stays within the output cap where the package would add it on top', () => {
    const thinking = (reasoning: ChatRequest['reasoning'], maxOutputTokens: number): unknown => {
      const {
        maxOutputTokens: sent,
        providerOptions,
        ...rest
      } = optionsOf({ reasoning, maxOutputTokens }, CLAUDE_BY_BUDGET);
      expect(rest).not.toHaveProperty('reasoning');
      const config = providerOptions?.['amazonBedrock']?.['reasoningConfig'] as { budgetTokens: number } | undefined;
      expect((sent ?? 0) + (config?.budgetTokens ?? 0)).toBe(maxOutputTokens);
      return config?.budgetTokens;
    };
    expect(thinking(budget, 5_000)).toBe(2_000);
    expect(thinking(effort, 10_000)).toBe(5_000);
    expect(thinking({ effort: 'LOW', maxTokens: undefined }, 3_000)).toBe(1_024);
    expect(thinking({ effort: 'HIGH', maxTokens: 1_500 }, 3_000)).toBe(1_500);
    // No room for the least a model thinks with: nothing of it is sent, and the caller is told.
    for (const [reasoning, cap] of [
      [effort, 1_000],
      [{ ...budget, maxTokens: 500 }, 4_000],
    ] as const) {
      expect(thinking(reasoning, cap)).toBeUndefined();
      expect(warningOf({ reasoning, maxOutputTokens: cap }, CLAUDE_BY_BUDGET)).toMatch(/at least 1024 tokens/);
    }
  });

  it('of models that decide by themselves is an effort', () => {
    expect(optionsOf({ reasoning: effort, maxOutputTokens: 4_096 }, CLAUDE_BY_EFFORT)).toMatchObject({
      reasoning: 'medium',
      maxOutputTokens: 4_096,
    });
    expect(warningOf({ reasoning: effort }, CLAUDE_BY_EFFORT)).toBeUndefined();
  });

  it('of Gemini 2.5 is a budget, part of the cap', () => {
    const on = { packageName: '@ai-sdk/google', provider: 'google.generative-ai', modelId: 'gemini-2.5-flash' };
    expect(optionsOf({ reasoning: budget, maxOutputTokens: 4_000 }, on)).toMatchObject({
      maxOutputTokens: 4_000,
      providerOptions: { google: { thinkingConfig: { thinkingBudget: 2_000 } } },
    });
    expect(warningOf({ reasoning: budget, maxOutputTokens: 4_000 }, on)).toBeUndefined();
  });

  it.each([
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', true],
    ['us.anthropic.claude-sonnet-4-20250514-v1:0', true],
    ['claude-opus-4-1-20250805', true],
    ['claude-haiku-4-5', true],
    ['anthropic.claude-3-5-sonnet-20241022-v2:0', false],
    ['claude-opus-4-6', false],
    ['claude-sonnet-4-6-20260101', false],
    ['claude-opus-5', false],
    ['claude-fable-5-1', false],
    ['amazon.nova-pro-v1:0', false],
  ])('%s takes a budget: %s', (modelId, takes) => {
    expect(factsOf('@ai-sdk/anthropic').thinksBesidesCap?.(modelOf({ modelId }))).toBe(takes);
  });
});
