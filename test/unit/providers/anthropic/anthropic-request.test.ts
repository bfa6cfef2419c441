import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message, ToolCall } from '../../../../src/core/chat.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import {
  ANTHROPIC_OPTIONS,
  ANTHROPIC_RESERVED,
  anthropicRequest,
} from '../../../../src/providers/anthropic/anthropic-request.ts';
import { createOptionList } from '../../../../src/providers/provider-options.ts';
import { chatRequest, userMessage } from '../chat-samples.ts';

/** One that takes budgets, one that takes efforts, one that thinks and samples by itself and cannot be forced. */
const BUDGET = 'claude-sonnet-4-5-20250929';
const EFFORT = 'claude-sonnet-4-6';
const NEWEST = 'claude-opus-5-5';

const optionList = createOptionList('anthropic', ANTHROPIC_OPTIONS, ['betas', 'service_tier'], ANTHROPIC_RESERVED);

interface Sent {
  readonly body: JsonObject;
  readonly warnings: readonly string[];
}

function send(request: Partial<ChatRequest>, model = BUDGET): Sent {
  const { body, warnings } = anthropicRequest(chatRequest(request), model, optionList);
  for (const warning of warnings) expect(warning).toMatch(/^["\w].*\.$/);
  return { body: JSON.parse(JSON.stringify(body)), warnings };
}

const text = (words: string): object => ({ type: 'text', text: words });
const message = (role: Message['role'], words: string, more: Partial<Message> = {}): Message => ({
  ...userMessage(words),
  role,
  ...more,
});
const calls = (...toolCalls: ToolCall[]): Message => message('ASSISTANT', '', { parts: [], toolCalls });
const look: ToolCall = { id: 'toolu_1', name: 'look', arguments: { deep: true } };
const result = (id: string, words = 'a cat'): Message => message('TOOL', words, { toolCallId: id });
const tools = [
  { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: { deep: { type: 'boolean' } } } },
  { name: 'add', description: undefined, parameters: {} },
];

describe('the body of a message request', () => {
  it('holds nothing that was not asked for', () => {
    expect(send({})).toEqual({
      body: {
        model: BUDGET,
        max_tokens: 256,
        messages: [{ role: 'user', content: [text('Say hello.')] }],
      },
      warnings: [],
    });
  });

  it('passes sampling parameters on, zero included', () => {
    const { body, warnings } = send({ temperature: 0, stop: ['END'] });
    expect(body).toMatchObject({ temperature: 0, stop_sequences: ['END'] });
    expect(send({ topP: 0.5 }).body).toMatchObject({ top_p: 0.5 });
    expect(warnings).toEqual([]);
  });

  it.each<[string, Partial<ChatRequest>, string, JsonObject, RegExp]>([
    ['a seed', { seed: 0 }, EFFORT, {}, /^seed was not sent/],
    ['a high temperature', { temperature: 1.7 }, BUDGET, { temperature: 1 }, /^temperature was lowered to 1/],
    ['both samplers', { temperature: 0.5, topP: 0.9 }, BUDGET, { temperature: 0.5 }, /^topP .* not both/],
    ['a temperature', { temperature: 0.5 }, NEWEST, {}, /^temperature was not sent: this model/],
    ['a top-p', { topP: 0.5 }, NEWEST, {}, /^topP was not sent: this model/],
    ['a top-k', { providerOptions: { anthropic: { top_k: 5 } } }, NEWEST, {}, /^top_k was not sent: this model/],
    ['a blank stop', { stop: ['\n', 'X'] }, BUDGET, { stop_sequences: ['X'] }, /^A stop sequence .* white space/],
  ])('leaves out or adjusts %s, and says so', (_what, request, model, expected, warning) => {
    const { body, warnings } = send(request, model);
    const { temperature, top_p, top_k, stop_sequences, seed } = body;
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k, stop_sequences, seed }))).toEqual(expected);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('says nothing of what the model does anyway, and lets old models and strangers have both samplers', () => {
    expect(send({ temperature: 1, topP: 1 }, NEWEST).warnings).toEqual([]);
    for (const model of ['claude-3-haiku-20240307', 'kimi-k2']) {
      expect(send({ temperature: 0.5, topP: 0.9 }, model)).toMatchObject({
        body: { temperature: 0.5, top_p: 0.9 },
        warnings: [],
      });
      // What is usual for Claude may not be so for others behind the same wire format.
      expect(send({ temperature: 1, topP: 1 }, model).body).toMatchObject({ temperature: 1, top_p: 1 });
    }
  });
});

describe('the conversation', () => {
  it('gathers SYSTEM messages at the beginning and merges neighbours of one side', () => {
    const { body, warnings } = send({
      messages: [
        message('SYSTEM', 'Be brief.'),
        message('SYSTEM', 'Be kind.'),
        message('USER', 'One.'),
        message('USER', 'Two.'),
        message('ASSISTANT', 'Three.'),
        message('ASSISTANT', 'Four.'),
        message('USER', 'Five.'),
      ],
    });
    expect(body).toMatchObject({
      system: [text('Be brief.'), text('Be kind.')],
      messages: [
        { role: 'user', content: [text('One.'), text('Two.')] },
        { role: 'assistant', content: [text('Three.'), text('Four.')] },
        { role: 'user', content: [text('Five.')] },
      ],
    });
    expect(warnings).toEqual([]);
  });

  it('says that a SYSTEM message from its middle was moved', () => {
    const { body, warnings } = send({
      messages: [userMessage('Hi.'), message('SYSTEM', 'A.'), message('SYSTEM', 'B.')],
    });
    expect(body['system']).toEqual([text('A.'), text('B.')]);
    expect(warnings).toEqual([expect.stringMatching(/^A SYSTEM message .* was moved to its beginning/)]);
  });

  it('writes images by address and by value', () => {
    const parts: Message['parts'] = [
      { type: 'text', text: 'What is it?' },
      { type: 'image-url', url: 'https://example.com/a.png' },
      { type: 'image-data', base64: 'AAAA', mediaType: 'image/png' },
    ];
    expect(send({ messages: [message('USER', '', { parts })] }).body['messages']).toEqual([
      {
        role: 'user',
        content: [
          text('What is it?'),
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        ],
      },
    ]);
  });

  it('writes calls and puts all their results first into one turn of the user', () => {
    const { body, warnings } = send({
      messages: [
        userMessage('Look twice.'),
        message('ASSISTANT', 'I look.', { toolCalls: [look, { ...look, id: 'call:2' }] }),
        userMessage('Quick!'),
        result('call:2', '  '),
        result('toolu_1'),
      ],
      tools,
    });
    expect(body['messages']).toEqual([
      { role: 'user', content: [text('Look twice.')] },
      {
        role: 'assistant',
        content: [
          text('I look.'),
          { type: 'tool_use', id: 'toolu_1', name: 'look', input: { deep: true } },
          { type: 'tool_use', id: 'call_3a2', name: 'look', input: { deep: true } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_3a2' },
          { type: 'tool_result', tool_use_id: 'toolu_1', content: [text('a cat')] },
          text('Quick!'),
        ],
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('sends no blank text, which the API refuses', () => {
    const parts: Message['parts'] = [
      { type: 'text', text: ' \n' },
      { type: 'text', text: 'Hi.' },
    ];
    const messages = [
      message('SYSTEM', ' '),
      message('USER', '', { parts }),
      message('ASSISTANT', '\n'),
      userMessage('?'),
    ];
    const { body } = send({ messages });
    expect(body).not.toHaveProperty('system');
    expect(body['messages']).toEqual([{ role: 'user', content: [text('Hi.'), text('?')] }]);
  });

  it('begins with the user, and says so where it had to put one there', () => {
    const { body, warnings } = send({ messages: [message('ASSISTANT', 'Welcome.'), userMessage('Hi.')] });
    expect(body['messages']).toMatchObject([{ role: 'user', content: [text('Continue.')] }, {}, {}]);
    expect(warnings).toEqual([expect.stringMatching(/"Continue\." was put before the conversation/)]);
  });

  it.each([
    ['is left to be gone on with, without white space at its end', BUDGET, {}, 'Roses are', 0],
    ['is followed by a user where the model does not go on', EFFORT, {}, 'Continue.', 1],
    ['is followed by a user where the answer is held to a schema', BUDGET, { output: true }, 'Continue.', 1],
  ])('an ASSISTANT message at the end %s', (_what, model, { output }: { output?: boolean }, last, warned) => {
    const schema: JsonObject = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const { body, warnings } = send(
      {
        messages: [userMessage('A poem!'), message('ASSISTANT', 'Roses are \n')],
        ...(output ? { output: { format: 'JSON', schema, name: 'x' } } : {}),
      },
      model,
    );
    expect((body['messages'] as JsonObject[]).at(-1)).toMatchObject({ content: [text(last)] });
    expect(warnings).toHaveLength(warned);
  });
});

describe('cache breakpoints', () => {
  const marked = { cacheBreakpoint: true };
  const ephemeral = { cache_control: { type: 'ephemeral' } };

  it('stand on the last block of their message, of the system and of tool results too', () => {
    const parts: Message['parts'] = [
      { type: 'text', text: 'A.' },
      { type: 'text', text: 'B.' },
      { type: 'text', text: ' ' },
    ];
    const { body, warnings } = send({
      messages: [
        message('SYSTEM', 'Rules.', marked),
        message('USER', '', { parts, ...marked }),
        { ...calls(look), ...marked },
        { ...result('toolu_1'), ...marked },
        userMessage('Go on.'),
      ],
      tools,
    });
    expect(body['system']).toEqual([{ ...text('Rules.'), ...ephemeral }]);
    expect(body['messages']).toMatchObject([
      { content: [text('A.'), { ...text('B.'), ...ephemeral }] },
      { content: [{ type: 'tool_use', ...ephemeral }] },
      { content: [{ type: 'tool_result', ...ephemeral }, text('Go on.')] },
    ]);
    expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(4);
    expect(warnings).toEqual([]);
  });

  it('are the last four when there are more', () => {
    const messages = [
      message('SYSTEM', 'Rules.', marked),
      ...['1', '2', '3', '4'].map((word, index) => message(index % 2 === 0 ? 'USER' : 'ASSISTANT', word, marked)),
      userMessage('5'),
    ];
    const { body, warnings } = send({ messages });
    expect(body['system']).toEqual([text('Rules.')]);
    expect(JSON.stringify(body['messages']).match(/cache_control/g)).toHaveLength(4);
    expect(warnings).toEqual([expect.stringMatching(/^Only the last 4 of 5 cacheBreakpoints were sent/)]);
  });

  it('on a blank message are told as not sent', () => {
    const { warnings } = send({ messages: [userMessage('Hi.'), message('ASSISTANT', ' ', marked), userMessage('?')] });
    expect(warnings).toEqual([expect.stringMatching(/^cacheBreakpoint was not sent: its message is blank/)]);
  });
});

describe('tools', () => {
  it('are written with every choice among them', () => {
    expect(send({ tools }).body).toMatchObject({
      tools: [
        { name: 'look', description: 'Looks.', input_schema: tools[0]?.parameters },
        { name: 'add', input_schema: { type: 'object' } },
      ],
    });
    expect(send({ tools }).body).not.toHaveProperty('tool_choice');
    const choiceOf = (toolChoice: ChatRequest['toolChoice']): unknown =>
      send({ tools, toolChoice }).body['tool_choice'];
    expect(choiceOf({ mode: 'AUTO' })).toEqual({ type: 'auto' });
    expect(choiceOf({ mode: 'NONE' })).toEqual({ type: 'none' });
    expect(choiceOf({ mode: 'REQUIRED' })).toEqual({ type: 'any' });
    expect(choiceOf({ mode: 'TOOL', name: 'add' })).toEqual({ type: 'tool', name: 'add' });
  });

  it.each([
    [{ mode: 'REQUIRED' }, ['look', 'add'], /AUTO: .* may answer without\.$/],
    [{ mode: 'TOOL', name: 'add' }, ['add'], /AUTO: .* Only that tool was offered\.$/],
  ] as const)('of a model that cannot be made to call one are offered for %j', (toolChoice, offered, warning) => {
    const { body, warnings } = send({ tools, toolChoice }, NEWEST);
    expect(body['tool_choice']).toEqual({ type: 'auto' });
    expect((body['tools'] as JsonObject[]).map(({ name }) => name)).toEqual(offered);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('of a conversation that has calls are named, not to be called, when the caller gives none', () => {
    const messages = [userMessage('Look.'), calls(look), result('toolu_1'), userMessage('And now?')];
    expect(send({ messages })).toMatchObject({
      body: { tools: [{ name: 'look', input_schema: { type: 'object' } }], tool_choice: { type: 'none' } },
      warnings: [],
    });
  });

  it('lose the combinators at the top of their schema, which the API refuses', () => {
    const parameters: JsonObject = { properties: { a: { anyOf: [{ type: 'null' }] } }, anyOf: [{ required: ['a'] }] };
    const { body, warnings } = send({ tools: [{ name: 'f', description: undefined, parameters }] });
    expect(body['tools']).toEqual([
      { name: 'f', input_schema: { type: 'object', properties: { a: { anyOf: [{ type: 'null' }] } } } },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^anyOf at the top of the parameters of "f" was not sent/)]);
  });

  it('are called one at a time if the caller says so, and there is one to call', () => {
    const providerOptions = { anthropic: { disable_parallel_tool_use: true } };
    const parallel = { disable_parallel_tool_use: true };
    expect(send({ tools, providerOptions })).toMatchObject({
      body: { tool_choice: { type: 'auto', ...parallel } },
      warnings: [],
    });
    const forced = send({ tools, providerOptions, toolChoice: { mode: 'TOOL', name: 'add' } });
    expect(forced.body).toMatchObject({ tool_choice: { type: 'tool', name: 'add', ...parallel } });
    expect(forced.body).not.toHaveProperty('disable_parallel_tool_use');
    for (const without of [{}, { tools, toolChoice: { mode: 'NONE' } as const }]) {
      const { body, warnings } = send({ ...without, providerOptions });
      expect(JSON.stringify(body)).not.toContain('parallel');
      expect(warnings).toEqual([expect.stringMatching(/^disable_parallel_tool_use was not sent/)]);
    }
  });
});

describe('thinking', () => {
  const thinking = (request: Partial<ChatRequest>, model = BUDGET): Sent & { readonly thinking: unknown } => {
    const sent = send({ maxOutputTokens: 10_000, ...request }, model);
    return { ...sent, thinking: sent.body['thinking'] };
  };
  const adaptive = { type: 'adaptive', display: 'summarized' };

  it.each([
    [{ effort: 'LOW', maxTokens: undefined }, 2_000],
    [{ effort: 'MEDIUM', maxTokens: undefined }, 5_000],
    [{ effort: 'HIGH', maxTokens: undefined }, 8_000],
    [{ effort: undefined, maxTokens: 3_000 }, 3_000],
    [{ effort: 'LOW', maxTokens: 3_000 }, 2_000],
    [{ effort: 'HIGH', maxTokens: 3_000 }, 3_000],
    [{ effort: undefined, maxTokens: 9_999 }, 9_999],
    [{ effort: undefined, maxTokens: 20_000 }, 9_999],
  ] as const)('%j is a budget within the output cap where the model takes one', (reasoning, budget_tokens) => {
    const { body, warnings } = thinking({ reasoning });
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens });
    expect(body).not.toHaveProperty('output_config');
    expect(warnings).toEqual([]);
  });

  it('by an effort is not more than the provider advises', () => {
    const reasoning = { effort: 'HIGH', maxTokens: undefined } as const;
    expect(thinking({ reasoning, maxOutputTokens: 64_000 }).thinking).toMatchObject({ budget_tokens: 32_000 });
    expect(thinking({ reasoning, maxOutputTokens: 1_025 }).thinking).toMatchObject({ budget_tokens: 1_024 });
    const exact = { effort: undefined, maxTokens: 60_000 };
    expect(thinking({ reasoning: exact, maxOutputTokens: 64_000 }).thinking).toMatchObject({ budget_tokens: 60_000 });
  });

  it('on fewer than 1024 tokens is raised to them, and says so', () => {
    const { body, warnings } = thinking({ reasoning: { effort: undefined, maxTokens: 500 } });
    expect(body['thinking']).toEqual({ type: 'enabled', budget_tokens: 1024 });
    expect(warnings).toEqual([expect.stringMatching(/^reasoning\.maxTokens was raised to 1024/)]);
  });

  it.each([EFFORT, 'claude-opus-4-8', 'claude-sonnet-5', NEWEST])('is an effort for %s', (model) => {
    const { body, warnings } = thinking({ reasoning: { effort: 'MEDIUM', maxTokens: undefined } }, model);
    expect(body).toMatchObject({ thinking: adaptive, output_config: { effort: 'medium' } });
    expect(warnings).toEqual([]);
    const tokens = thinking({ reasoning: { effort: undefined, maxTokens: 2000 } }, model);
    expect(tokens.thinking).toEqual(adaptive);
    expect(tokens.body).not.toHaveProperty('output_config');
    expect(tokens.warnings).toEqual([expect.stringMatching(/^reasoning\.maxTokens was not sent/)]);
  });

  it('of models that think unasked is shown; others are not asked to think', () => {
    for (const model of ['claude-opus-5', 'claude-haiku-5-5', 'claude-fable-5', 'claude-mythos-preview']) {
      expect(thinking({}, model)).toMatchObject({ thinking: adaptive, warnings: [] });
    }
    for (const model of [BUDGET, EFFORT, 'claude-opus-4-8', 'claude-3-haiku-20240307', 'kimi-k2']) {
      expect(thinking({}, model).thinking).toBeUndefined();
    }
  });

  const reasoning = { effort: 'HIGH', maxTokens: undefined } as const;
  const inLoop: Partial<ChatRequest> = { messages: [userMessage('Look.'), calls(look), result('toolu_1')], tools };

  it.each<[string, Partial<ChatRequest>, RegExp]>([
    [
      'the output cap has no room for it',
      { maxOutputTokens: 1024 },
      /1024 tokens or more, and maxOutputTokens is 1024/,
    ],
    ['a tool has to be called', { tools, toolChoice: { mode: 'REQUIRED' } }, /toolChoice makes it call a tool/],
    ['a named tool has to be called', { tools, toolChoice: { mode: 'TOOL', name: 'add' } }, /toolChoice/],
    ['the answer goes on after tool calls', inLoop, /signed thinking/],
    [
      'the model goes on writing',
      { messages: [userMessage('A poem!'), message('ASSISTANT', 'Ro')] },
      /goes on writing/,
    ],
  ])('by a budget is off when %s, which the API refuses', (_when, request, warning) => {
    const { body, warnings } = thinking({ reasoning, temperature: 0.5, ...request });
    expect(body).not.toHaveProperty('thinking');
    expect(body).toMatchObject({ temperature: 0.5 });
    expect(warnings).toEqual([expect.stringMatching(/^reasoning was not sent/)]);
    expect(warnings[0]).toMatch(warning);
  });

  it('by a budget is on again in the turn after the tool calls', () => {
    const messages = [...(inLoop.messages ?? []), message('ASSISTANT', 'A cat.'), userMessage('Sure?')];
    expect(thinking({ reasoning, tools, messages })).toMatchObject({ thinking: { type: 'enabled' }, warnings: [] });
  });

  it('by an effort goes with forced tools and after tool calls', () => {
    const forced = thinking({ reasoning, tools, toolChoice: { mode: 'REQUIRED' } }, EFFORT);
    expect(forced).toMatchObject({ thinking: adaptive, body: { tool_choice: { type: 'any' } }, warnings: [] });
    expect(thinking({ reasoning, ...inLoop }, EFFORT)).toMatchObject({ thinking: adaptive, warnings: [] });
  });

  it.each([BUDGET, EFFORT])('goes without temperature, top-k and low top-p (%s)', (model) => {
    const providerOptions = { anthropic: { top_k: 5 } };
    const low = thinking({ reasoning, temperature: 0.5, topP: 0.5, providerOptions }, model);
    expect(low.thinking).toBeDefined();
    for (const name of ['temperature', 'top_p', 'top_k']) expect(low.body).not.toHaveProperty(name);
    expect(low.warnings.map((warning) => warning.split(' ')[0])).toEqual(['temperature', 'top_k', 'topP']);
    expect(thinking({ reasoning, topP: 0.95 }, model)).toMatchObject({ body: { top_p: 0.95 }, warnings: [] });
  });

  it('is told as not sent to models that do not think', () => {
    const { body, warnings } = thinking({ reasoning }, 'claude-3-5-haiku-latest');
    expect(body).not.toHaveProperty('thinking');
    expect(warnings).toEqual([expect.stringMatching(/^reasoning was not sent/)]);
  });
});

describe('JSON output', () => {
  const schema: JsonObject = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
  const json = (more: JsonObject | undefined): Partial<ChatRequest> => ({
    output: { format: 'JSON', schema: more, name: 'x' },
  });

  it('is held to the schema, beside the effort', () => {
    const { body, warnings } = send({ ...json(schema), reasoning: { effort: 'LOW', maxTokens: undefined } }, EFFORT);
    const fitted = { ...schema, additionalProperties: false };
    expect(body['output_config']).toEqual({ effort: 'low', format: { type: 'json_schema', schema: fitted } });
    expect(body).not.toHaveProperty('system');
    expect(warnings).toEqual([]);
  });

  it.each([
    ['a schema the API does not take', EFFORT, { type: 'object', additionalProperties: { type: 'string' } }],
    ['a model that takes none', 'claude-sonnet-4-20250514', schema],
  ])('is asked for in words with %s, after the caller has spoken', (_what, model, wish) => {
    const messages = [message('SYSTEM', 'Be brief.', { cacheBreakpoint: true }), userMessage('Hi.')];
    const { body, warnings } = send({ ...json(wish), messages }, model);
    expect(body).not.toHaveProperty('output_config');
    expect(body['system']).toEqual([
      { ...text('Be brief.'), cache_control: { type: 'ephemeral' } },
      { type: 'text', text: expect.stringContaining(JSON.stringify(wish)) },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^output\.schema was sent in words/)]);
  });

  it('without a schema is asked for in words, as there is no other way', () => {
    const { body, warnings } = send(json(undefined), NEWEST);
    expect(body['system']).toEqual([text(expect.stringMatching(/^Answer with JSON only/) as unknown as string)]);
    expect(warnings).toEqual([]);
  });
});

describe('options of the caller', () => {
  it('go out if the list or the operator names them, never over our own fields', () => {
    const anthropic = JSON.parse(
      '{"metadata":{"user_id":"u"},"top_k":5,"betas":["b"],"model":"x","thinking":{},"__proto__":{"stream":true}}',
    );
    const { body } = send({ providerOptions: { anthropic, openai: { seed: 1 } } });
    expect(body).toMatchObject({ metadata: { user_id: 'u' }, top_k: 5, betas: ['b'], model: BUDGET });
    expect(Object.keys(body)).toEqual(expect.not.arrayContaining(['thinking', 'stream', 'seed', '__proto__']));
  });

  it.each([
    'service_tier',
    'speed',
    'inference_geo',
    'fallbacks',
    'cache_control',
    'tools',
    'mcp_servers',
    'container',
    'thinking',
    'output_config',
    'context_management',
    'stream',
  ])('%s is refused, even if an operator allows it', (name) => {
    const list = createOptionList('anthropic', ANTHROPIC_OPTIONS, [name], ANTHROPIC_RESERVED);
    const request = chatRequest({ providerOptions: { anthropic: { [name]: 'x' } } });
    expect(list.refused(request)).toEqual([
      { path: ['anthropic', name], message: expect.stringContaining('disable_parallel_tool_use, metadata, top_k') },
    ]);
    expect(anthropicRequest(request, BUDGET, list).body[name]).toBeUndefined();
  });
});
