import { describe, expect, it } from '@jest/globals';
import type { ChatRequest, Message, ToolCall } from '../../../../src/core/chat.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import { GEMINI_OPTIONS, GEMINI_RESERVED, geminiRequest } from '../../../../src/providers/gemini/gemini-request.ts';
import { createOptionList } from '../../../../src/providers/provider-options.ts';
import { chatRequest, userMessage } from '../chat-samples.ts';

/** One that takes budgets, one that takes efforts, one that takes no samplers besides. */
const BUDGET = 'gemini-2.5-flash';
const LEVEL = 'gemini-3.5-flash';
const NEWEST = 'gemini-4-argon';

const optionList = createOptionList('gemini', GEMINI_OPTIONS, ['safetySettings', 'serviceTier'], GEMINI_RESERVED);

interface Sent {
  readonly body: JsonObject;
  readonly config: JsonObject;
  readonly contents: readonly JsonObject[];
  readonly warnings: readonly string[];
}

function send(request: Partial<ChatRequest>, model = BUDGET): Sent {
  const { body: unwritten, warnings } = geminiRequest(chatRequest(request), model, optionList);
  for (const warning of warnings) expect(warning).toMatch(/^["\w].*\.$/);
  const body = JSON.parse(JSON.stringify(unwritten));
  return { body, config: body.generationConfig, contents: body.contents, warnings };
}

const message = (role: Message['role'], words: string, more: Partial<Message> = {}): Message => ({
  ...userMessage(words),
  role,
  ...more,
});
const calls = (...toolCalls: ToolCall[]): Message => message('ASSISTANT', '', { parts: [], toolCalls });
const look = (id: string): ToolCall => ({ id, name: 'look', arguments: { deep: true } });
const result = (id: string, words = 'a cat'): Message => message('TOOL', words, { toolCallId: id });
const user = (...texts: string[]) => ({ role: 'user', parts: texts.map((text) => ({ text })) });
const model = (...texts: string[]) => ({ role: 'model', parts: texts.map((text) => ({ text })) });
const call = (id: string, more: object = {}) => ({
  functionCall: { id, name: 'look', args: { deep: true } },
  ...more,
});
const response = (id: string, output = 'a cat') => ({ functionResponse: { id, name: 'look', response: { output } } });
const tools = [
  { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: { deep: { type: 'boolean' } } } },
  { name: '3d', description: undefined, parameters: {} },
];

describe('the body of generateContent', () => {
  it('holds nothing that was not asked for, but thoughts of a model that thinks anyway', () => {
    const contents = [user('Say hello.')];
    expect(send({}, 'gemini-2.5-flash-lite').body).toEqual({ contents, generationConfig: { maxOutputTokens: 256 } });
    const told = { maxOutputTokens: 256, thinkingConfig: { includeThoughts: true } };
    for (const each of [BUDGET, LEVEL, NEWEST]) {
      const { body, warnings } = send({}, each);
      expect(body).toEqual({ contents, generationConfig: told });
      expect(warnings).toEqual([]);
    }
  });

  it('passes sampling, stop sequences and a seed of 32 bits on, zero included', () => {
    const asked = { temperature: 0, topP: 0, stop: ['a', ' ', 'c', 'd'], seed: 0 };
    const { config, warnings } = send(asked);
    expect(config).toMatchObject({ temperature: 0, topP: 0, stopSequences: ['a', ' ', 'c', 'd'], seed: 0 });
    expect(warnings).toEqual([]);
    expect(send({ seed: -(2 ** 31) }).config).toMatchObject({ seed: -(2 ** 31) });
    for (const seed of [2 ** 31, -(2 ** 31) - 1, 1.5]) {
      const sent = send({ seed });
      expect(sent.config).not.toHaveProperty('seed');
      expect(sent.warnings).toEqual([expect.stringMatching(/^seed was not sent/)]);
    }
  });

  it('leaves out what the newest models ignore or refuse, and says so', () => {
    const asked = { topK: 1, presencePenalty: 1, frequencyPenalty: 1, mediaResolution: 'MEDIA_RESOLUTION_LOW' };
    const { config, warnings } = send({ temperature: 1, topP: 1, providerOptions: { gemini: asked } }, NEWEST);
    expect(config).toEqual({
      maxOutputTokens: 256,
      thinkingConfig: { includeThoughts: true },
      mediaResolution: 'MEDIA_RESOLUTION_LOW',
    });
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual([
      'temperature',
      'topP',
      'topK',
      'presencePenalty',
      'frequencyPenalty',
    ]);
    expect(send({ providerOptions: { gemini: asked } }, LEVEL).config).toMatchObject(asked);
  });

  it('puts options where they belong, and never lets one take the place of our own', () => {
    const gemini = { topK: 3, safetySettings: [], serviceTier: 'FLEX', thinkingConfig: {}, contents: [], tools: [] };
    const request = chatRequest({ providerOptions: { gemini, openai: { user: 'x' } } });
    const { body } = send(request);
    expect(Object.keys(body).sort()).toEqual(['contents', 'generationConfig', 'safetySettings']);
    expect(body['generationConfig']).toEqual({
      topK: 3,
      maxOutputTokens: 256,
      thinkingConfig: { includeThoughts: true },
    });
    expect(optionList.refused(request).map(({ path }) => path[1])).toEqual([
      'serviceTier',
      'thinkingConfig',
      'contents',
      'tools',
    ]);
  });

  it('warns of cache breakpoints', () => {
    expect(send({ messages: [{ ...userMessage('x'), cacheBreakpoint: true }] }).warnings).toEqual([
      expect.stringMatching(/^cacheBreakpoint was not sent/),
    ]);
  });
});

describe('thinking', () => {
  it.each<[string, NonNullable<ChatRequest['reasoning']>, object, RegExp | undefined]>([
    [BUDGET, { effort: 'LOW', maxTokens: undefined }, { thinkingBudget: 2_000 }, undefined],
    [BUDGET, { effort: 'HIGH', maxTokens: undefined }, { thinkingBudget: 8_000 }, undefined],
    [BUDGET, { effort: undefined, maxTokens: 700 }, { thinkingBudget: 700 }, undefined],
    [BUDGET, { effort: 'LOW', maxTokens: 9_000 }, { thinkingBudget: 2_000 }, undefined],
    ['gemini-2.5-pro', { effort: undefined, maxTokens: 5 }, { thinkingBudget: 128 }, /range of this model, 128 to/],
    ['gemini-2.5-flash-lite', { effort: undefined, maxTokens: 5 }, { thinkingBudget: 512 }, /512 to 24576/],
    [LEVEL, { effort: 'MEDIUM', maxTokens: undefined }, { thinkingLevel: 'MEDIUM' }, undefined],
    [LEVEL, { effort: 'LOW', maxTokens: 700 }, { thinkingLevel: 'LOW' }, /^reasoning\.maxTokens was not sent/],
    [NEWEST, { effort: undefined, maxTokens: 700 }, {}, /^reasoning\.maxTokens was not sent/],
    ['gemini-3-pro-preview', { effort: 'MEDIUM', maxTokens: undefined }, { thinkingLevel: 'HIGH' }, /sent as HIGH/],
    ['my-own', { effort: 'HIGH', maxTokens: undefined }, { thinkingLevel: 'HIGH' }, undefined],
  ])('%s is told %j as %j', (name, reasoning, expected, warning) => {
    const { config, warnings } = send({ reasoning, maxOutputTokens: 10_000 }, name);
    expect(config['thinkingConfig']).toEqual({ includeThoughts: true, ...expected });
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  });

  it('is not asked of models that do not', () => {
    const { config, warnings } = send({ reasoning: { effort: 'HIGH', maxTokens: undefined } }, 'gemini-2.0-flash');
    expect(config).not.toHaveProperty('thinkingConfig');
    expect(warnings).toEqual([expect.stringMatching(/^reasoning was not sent/)]);
  });
});

describe('the conversation', () => {
  it('becomes turns of user and model, with the system apart', () => {
    const messages = [
      message('SYSTEM', 'Be brief.'),
      message('USER', 'One.'),
      message('USER', 'Two.'),
      message('ASSISTANT', 'Three.'),
      message('USER', 'Four.'),
    ];
    const { body, warnings } = send({ messages });
    expect(body).toMatchObject({
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [user('One.', 'Two.'), model('Three.'), user('Four.')],
    });
    expect(warnings).toEqual([]);
  });

  it('begins with a user and ends with one where the model wants that, and moves what the system says to its beginning', () => {
    const messages = [message('ASSISTANT', 'Welcome.'), message('SYSTEM', 'Be kind.'), message('ASSISTANT', 'I')];
    const older = send({ messages }, LEVEL);
    expect(older.body['systemInstruction']).toEqual({ parts: [{ text: 'Be kind.' }] });
    expect(older.contents).toEqual([user('Continue.'), model('Welcome.', 'I')]);
    expect(older.warnings).toHaveLength(2);
    const newer = send({ messages }, NEWEST);
    expect(newer.contents).toEqual([user('Continue.'), model('Welcome.', 'I'), user('Continue.')]);
    expect(newer.warnings).toHaveLength(3);
  });

  it('tells the system in the first turn where a model takes no system instruction', () => {
    const messages = [message('SYSTEM', 'Be brief.'), message('USER', 'One.')];
    const { body } = send({ messages }, 'gemma-3-27b-it');
    expect(body).not.toHaveProperty('systemInstruction');
    expect(body['contents']).toEqual([user('Be brief.', 'One.')]);
  });

  it('leaves out empty text, and sends images by value', () => {
    const image = { type: 'image-data', base64: 'QUJD', mediaType: 'image/png' } as const;
    const parts = [{ type: 'text', text: '' } as const, image, { type: 'text', text: ' ' } as const];
    const { contents } = send({ messages: [message('ASSISTANT', ''), { ...userMessage(''), parts }] });
    expect(contents).toEqual([
      { role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'QUJD' } }, { text: ' ' }] },
    ]);
  });

  it('leaves room for images given by their addresses, once for each address', () => {
    const image = (url: string) => ({ type: 'image-url', url }) as const;
    const parts = [image('https://a/1'), image('https://a/2'), image('https://a/1')];
    const { body, images } = geminiRequest(
      chatRequest({ messages: [{ ...userMessage(''), parts }] }),
      BUDGET,
      optionList,
    );
    expect([...images.byUrl.keys()]).toEqual(['https://a/1', 'https://a/2']);
    for (const [url, wire] of images.byUrl) Object.assign(wire, { mimeType: 'image/png', data: url.slice(-1) });
    const inline = (data: string) => ({ inlineData: { mimeType: 'image/png', data } });
    expect(body['contents']).toEqual([{ role: 'user', parts: [inline('1'), inline('2'), inline('1')] }]);
  });
});

describe('calls and their results', () => {
  it('are matched by id: the results of one turn follow its calls, in their order, after what the user says', () => {
    const messages = [
      userMessage('Look twice.'),
      message('ASSISTANT', 'I look.', { toolCalls: [look('a'), look('b')] }),
      result('b', '{"seen":2}'),
      result('a'),
      userMessage('Well?'),
    ];
    expect(send({ messages, tools }).contents).toEqual([
      user('Look twice.'),
      { role: 'model', parts: [{ text: 'I look.' }, call('a'), call('b')] },
      { role: 'user', parts: [{ text: 'Well?' }, response('a'), response('b', '{"seen":2}')] },
    ]);
  });

  it('bring a placeholder for the signature of each step to models that ask for one', () => {
    const messages = [
      userMessage('Look.'),
      calls(look('a'), look('b')),
      result('a'),
      result('b'),
      calls(look('c')),
      result('c'),
    ];
    const signed = { thoughtSignature: 'skip_thought_signature_validator' };
    for (const name of [LEVEL, NEWEST]) {
      const { contents, warnings } = send({ messages, tools }, name);
      expect(contents).toMatchObject([
        user('Look.'),
        { parts: [call('a', signed), call('b')] },
        { parts: [response('a'), response('b')] },
        { parts: [call('c', signed)] },
        { parts: [response('c')] },
      ]);
      expect(JSON.stringify(contents).match(/thoughtSignature/g)).toHaveLength(2);
      expect(warnings).toEqual([]);
    }
    expect(JSON.stringify(send({ messages, tools }).contents)).not.toContain('thoughtSignature');
  });

  it('find their result wherever it stands, also when an id comes again', () => {
    const messages = [
      userMessage('Look.'),
      calls(look('1')),
      message('USER', 'Quick!'),
      result('1', 'first'),
      calls(look('1')),
      result('1', 'second'),
      result('1', 'and more'),
    ];
    expect(send({ messages, tools }).contents).toEqual([
      user('Look.'),
      { role: 'model', parts: [call('1')] },
      { role: 'user', parts: [{ text: 'Quick!' }, response('1', 'first')] },
      { role: 'model', parts: [call('1')] },
      { role: 'user', parts: [response('1', 'second\nand more')] },
    ]);
  });

  it('of neighbouring messages make one turn, and a call without a result is told as one', () => {
    const messages = [userMessage('Look.'), calls(look('a')), calls(look('b')), result('a')];
    const { contents, warnings } = send({ messages, tools });
    expect(contents).toEqual([
      user('Look.'),
      { role: 'model', parts: [call('a'), call('b')] },
      {
        role: 'user',
        parts: [
          response('a'),
          { functionResponse: { id: 'b', name: 'look', response: { error: 'There is no result.' } } },
        ],
      },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^A tool call without a result/)]);
  });
});

describe('tools', () => {
  it('are declared with their schemas, under names the API takes', () => {
    expect(send({ tools }).body['tools']).toEqual([
      {
        functionDeclarations: [
          {
            name: 'look',
            description: 'Looks.',
            parametersJsonSchema: { type: 'object', properties: { deep: { type: 'boolean' } } },
          },
          { name: '_3d', parametersJsonSchema: { type: 'object' } },
        ],
      },
    ]);
  });

  it.each<[NonNullable<ChatRequest['toolChoice']>, object]>([
    [{ mode: 'AUTO' }, { mode: 'AUTO' }],
    [{ mode: 'NONE' }, { mode: 'NONE' }],
    [{ mode: 'REQUIRED' }, { mode: 'ANY' }],
    [
      { mode: 'TOOL', name: '3d' },
      { mode: 'ANY', allowedFunctionNames: ['_3d'] },
    ],
  ])('are chosen by %j', (toolChoice, functionCallingConfig) => {
    expect(send({ tools, toolChoice }).body['toolConfig']).toEqual({ functionCallingConfig });
    expect(send({ toolChoice }).body).not.toHaveProperty('toolConfig');
  });
});

describe('JSON', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } } };

  it('is asked for natively, with a schema or without', () => {
    const { config } = send({ output: { format: 'JSON', schema, name: 'x' } });
    expect(config).toMatchObject({ responseMimeType: 'application/json', responseJsonSchema: schema });
    const free = send({ output: { format: 'JSON', schema: undefined, name: 'x' } });
    expect(free.config).toMatchObject({ responseMimeType: 'application/json' });
    expect(free.config).not.toHaveProperty('responseJsonSchema');
    expect(free.warnings).toEqual([]);
  });

  it('is asked for in words beside tools where a model takes not both', () => {
    const output = { format: 'JSON', schema, name: 'x' } as const;
    const messages = [message('SYSTEM', 'Be brief.'), userMessage('Count.')];
    const older = geminiRequest(chatRequest({ output, tools, messages }), BUDGET, optionList);
    expect(older.mayBeFenced).toBe(true);
    expect(older.warnings).toEqual([expect.stringMatching(/^output was sent in words/)]);
    expect(older.body['systemInstruction']).toEqual({
      parts: [{ text: expect.stringContaining(JSON.stringify(schema)) }, { text: 'Be brief.' }],
    });
    expect(JSON.stringify(older.body)).not.toContain('responseMimeType');
    const newer = geminiRequest(chatRequest({ output, tools, messages }), LEVEL, optionList);
    expect(newer).toMatchObject({ mayBeFenced: false, warnings: [] });
    expect(newer.body['generationConfig']).toMatchObject({ responseJsonSchema: schema });
  });
});
