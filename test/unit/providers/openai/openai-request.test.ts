import { describe, expect, it } from '@jest/globals';
import type { ChatRequest } from '../../../../src/core/chat.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import {
  OPENAI_OPTIONS,
  OPENAI_RESERVED,
  type OpenAiRequestOptions,
  openAiRequestBody,
} from '../../../../src/providers/openai/openai-request.ts';
import { isStrictCompatible } from '../../../../src/providers/openai/strict-schema.ts';
import { createOptionList } from '../../../../src/providers/provider-options.ts';
import { chatRequest, userMessage } from '../chat-samples.ts';

const options: OpenAiRequestOptions = {
  kind: 'openai',
  model: 'gpt-4o',
  streamed: false,
  usageInStream: true,
  optionList: createOptionList('openai', OPENAI_OPTIONS, ['store', 'n', 'service_tier'], OPENAI_RESERVED),
};

const bodyOf = (request: Partial<ChatRequest>, more: Partial<OpenAiRequestOptions> = {}): JsonObject =>
  JSON.parse(openAiRequestBody(chatRequest(request), { ...options, ...more }));

const person: JsonObject = {
  type: 'object',
  properties: { name: { type: 'string' }, tags: { type: 'array', items: { type: ['string', 'null'] } } },
  required: ['name', 'tags'],
  additionalProperties: false,
};

describe('the body of a chat completion request', () => {
  it('holds nothing that was not asked for', () => {
    expect(bodyOf({})).toEqual({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'Say hello.' }],
      max_completion_tokens: 256,
    });
  });

  it('caps the output with the field that the kind understands', () => {
    expect(bodyOf({}, { kind: 'openai-compatible' })).toMatchObject({ max_tokens: 256 });
    expect(bodyOf({}, { kind: 'openai-compatible' })).not.toHaveProperty('max_completion_tokens');
  });

  it('asks for usage at the end of a stream unless the server refuses that', () => {
    expect(bodyOf({}, { streamed: true })).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(bodyOf({}, { streamed: true, usageInStream: false })).not.toHaveProperty('stream_options');
  });

  it('passes sampling parameters on, zero included', () => {
    const parameters = { temperature: 0, topP: 0.5, stop: ['END'], seed: 0 };
    expect(bodyOf(parameters)).toMatchObject({ temperature: 0, top_p: 0.5, stop: ['END'], seed: 0 });
  });

  it('writes tools and every choice among them', () => {
    const tools = [{ name: 'add', description: undefined, parameters: { type: 'object' } }];
    const wireTools = [{ type: 'function', function: { name: 'add', parameters: { type: 'object' } } }];
    expect(bodyOf({ tools })).toMatchObject({ tools: wireTools });
    expect(bodyOf({ tools, toolChoice: { mode: 'AUTO' } })).toMatchObject({ tool_choice: 'auto' });
    expect(bodyOf({ tools, toolChoice: { mode: 'NONE' } })).toMatchObject({ tool_choice: 'none' });
    expect(bodyOf({ tools, toolChoice: { mode: 'REQUIRED' } })).toMatchObject({ tool_choice: 'required' });
    expect(bodyOf({ tools, toolChoice: { mode: 'TOOL', name: 'add' } })).toMatchObject({
      tool_choice: { type: 'function', function: { name: 'add' } },
    });
    expect(bodyOf({ toolChoice: { mode: 'NONE' } })).not.toHaveProperty('tool_choice');
  });

  it('writes images, tool calls and their results', () => {
    const messages: ChatRequest['messages'] = [
      {
        role: 'SYSTEM',
        parts: [{ type: 'text', text: 'Be brief.' }],
        toolCalls: [],
        toolCallId: undefined,
        cacheBreakpoint: false,
      },
      {
        role: 'USER',
        parts: [
          { type: 'text', text: 'What is it?' },
          { type: 'image-url', url: 'https://example.com/a.png' },
          { type: 'image-data', base64: 'AAAA', mediaType: 'image/png' },
        ],
        toolCalls: [],
        toolCallId: undefined,
        cacheBreakpoint: false,
      },
      {
        role: 'ASSISTANT',
        parts: [],
        toolCalls: [{ id: 'call_1', name: 'look', arguments: { deep: true } }],
        toolCallId: undefined,
        cacheBreakpoint: false,
      },
      {
        role: 'TOOL',
        parts: [{ type: 'text', text: 'a cat' }],
        toolCalls: [],
        toolCallId: 'call_1',
        cacheBreakpoint: false,
      },
    ];
    expect(bodyOf({ messages })['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"deep":true}' } }],
      },
      { role: 'tool', content: 'a cat', tool_call_id: 'call_1' },
    ]);
  });

  it('sends a schema as strict when strict decoding takes it, and as a wish otherwise', () => {
    const json_schema = { name: 'a_person', schema: person, strict: true };
    expect(bodyOf({ output: { format: 'JSON', schema: person, name: 'a person' } })).toMatchObject({
      response_format: { type: 'json_schema', json_schema },
    });
    const open = { type: 'object', properties: {} };
    expect(bodyOf({ output: { format: 'JSON', schema: open, name: 'x' } })['response_format']).toEqual({
      type: 'json_schema',
      json_schema: { name: 'x', schema: open },
    });
  });

  it('says "JSON" for a caller who did not, because the API refuses json_object otherwise', () => {
    const output = { format: 'JSON', schema: undefined, name: 'answer' } as const;
    const body = bodyOf({ output });
    expect(body).toMatchObject({ response_format: { type: 'json_object' } });
    expect(body['messages']).toHaveLength(2);
    expect(bodyOf({ output, messages: [userMessage('As json, please.')] })['messages']).toHaveLength(1);
  });
});

describe('schemas for strict decoding', () => {
  const withProperty = (schema: JsonObject): JsonObject => ({
    ...person,
    properties: { name: schema, tags: { type: 'null' } },
  });

  it.each<[string, JsonObject]>([
    ['a plain object', person],
    ['a dialect at the root', { $schema: 'https://json-schema.org/draft/2020-12/schema', ...person }],
    ['anyOf inside', withProperty({ anyOf: [{ type: 'string' }, person] })],
    ['references', { ...withProperty({ $ref: '#/$defs/a' }), $defs: { a: { type: 'integer', minimum: 1 } } }],
    ['known formats and enums', withProperty({ type: 'string', format: 'date', enum: ['a'] })],
  ])('are compatible with %s', (_what, schema) => {
    expect(isStrictCompatible(schema)).toBe(true);
  });

  it.each<[string, JsonObject]>([
    ['an array at the root', { type: 'array', items: { type: 'string' } }],
    ['anyOf at the root', { anyOf: [person] }],
    ['open objects', { ...person, additionalProperties: true }],
    ['optional properties', { ...person, required: ['name'] }],
    ['open objects inside', withProperty({ type: 'object', properties: {}, required: [] })],
    ['keywords it does not know', withProperty({ type: 'string', minLength: 3 })],
    ['allOf', withProperty({ allOf: [{ type: 'string' }] })],
    ['formats it does not know', withProperty({ type: 'string', format: 'uri' })],
    ['arrays of anything', withProperty({ type: 'array' })],
    ['a schema of anything', withProperty({})],
    ['too many enum values', withProperty({ enum: Array.from({ length: 1001 }, (_, index) => index) })],
  ])('are not with %s', (_what, schema) => {
    expect(isStrictCompatible(schema)).toBe(false);
  });
});

describe('what only some providers have', () => {
  it('effort is sent, and nothing where none was asked for', () => {
    expect(bodyOf({ reasoning: { effort: 'LOW', maxTokens: undefined } })).toMatchObject({ reasoning_effort: 'low' });
    expect(bodyOf({})).not.toHaveProperty('reasoning_effort');
    expect(bodyOf({ reasoning: { effort: undefined, maxTokens: 9 } })).not.toHaveProperty('reasoning_effort');
  });

  it('options of its own kind go out if the list or the operator names them, never over our own fields', () => {
    const openai = JSON.parse(
      '{"verbosity":"low","store":true,"service_tier":"flex","n":2,"model":"other","__proto__":{"stream":1}}',
    );
    const body = bodyOf({ providerOptions: { openai, anthropic: { top_k: 1 } } });
    expect(body).toMatchObject({ verbosity: 'low', store: true, model: 'gpt-4o' });
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['n']));
    expect(Object.keys(body).some((name) => ['n', '__proto__', 'top_k', 'stream', 'service_tier'].includes(name))).toBe(
      false,
    );
  });

  it('what may not be sent is named, with what may', () => {
    const request = chatRequest({ providerOptions: { openai: { logprobs: true, user: 'u', n: 2 } } });
    expect(options.optionList.refused(request)).toEqual([
      {
        path: ['openai', 'logprobs'],
        message: expect.stringMatching(/^This option may not be sent to openai\. Allowed: /),
      },
      { path: ['openai', 'n'], message: expect.any(String) },
    ]);
  });
});
