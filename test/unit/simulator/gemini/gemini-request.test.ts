// What the simulated Gemini API refuses, as the real one does, and the forms its streams have.

import { describe, expect, it } from '@jest/globals';
import { startTestSimulator, type TestSimulator } from '../../../support/start-simulator.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const CALL = { functionCall: { name: 'get_weather', args: { city: 'Bern' } } };
const RESPONSE = { functionResponse: { name: 'get_weather', response: { output: 'warm' } } };
const DECLARATION = { name: 'get_weather', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } } } };
const TOOLS = { tools: [{ functionDeclarations: [DECLARATION] }] };

const user = (...parts: unknown[]) => ({ role: 'user', parts });
const model = (...parts: unknown[]) => ({ role: 'model', parts });
const contents = (...list: unknown[]) => ({ contents: list });
const text = (words: string) => ({ text: words });
const config = (generationConfig: object) => ({ generationConfig });
const json = (more: object) => config({ responseMimeType: 'application/json', ...more });
const calling = (functionCallingConfig: object) => ({ ...TOOLS, toolConfig: { functionCallingConfig } });

interface Answer {
  readonly candidates?: readonly { readonly content: { readonly parts: readonly { readonly text?: string }[] } }[];
  readonly error?: { readonly status: string; readonly message: string; readonly details?: readonly unknown[] };
}

const post = (simulator: TestSimulator, method: string, body: object, headers: Record<string, string> = {}) =>
  fetch(`${simulator.url}/v1beta/models/sim-instant:${method}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...contents(user(text('Why is the sky blue?'))), ...body }),
  });

async function send(body: object) {
  await using simulator = await startTestSimulator();
  const response = await post(simulator, 'generateContent', body);
  return { status: response.status, answer: (await response.json()) as Answer, bill: simulator.bill() };
}

describe('requests refused', () => {
  const refused: [string, object, RegExp][] = [
    ['no contents', { contents: undefined }, /contents is not specified/],
    ['contents without parts', contents({ role: 'user' }), /contents\[0\]\.parts: contents\.parts must not be empty/],
    ['a part of nothing', contents(user({})), /required oneof field 'data' must have one initialized field/],
    ['a part of two things', contents(user({ ...text('a'), ...CALL })), /oneof field 'data' is already set/],
    ['a strange role', contents({ role: 'assistant', parts: [text('a')] }), /Please use a valid role: user, model\./],
    ['an unknown field', { max_tokens: 5 }, /Unknown name "max_tokens": Cannot find field/],
    ['an unknown setting', config({ maxTokens: 5 }), /Unknown name "maxTokens" at 'generation_config'/],
    ['an unknown field of a part', contents(user({ ...text('a'), bold: true })), /at 'contents\[0\]\.parts\[0\]'/],
    ['a text that is none', contents(user({ text: 5 })), /Invalid value at .*\(TYPE_STRING\), 5/],
    ['a temperature of words', config({ temperature: 'hot' }), /\(TYPE_FLOAT\), "hot"/],
    ['a temperature out of range', config({ temperature: 2.1 }), /must be in the range \[0\.0, 2\.0\]/],
    ['a top_p out of range', config({ topP: 1.1 }), /must be in the range \[0\.0, 1\.0\]/],
    ['no output at all', config({ maxOutputTokens: 0 }), /max_output_tokens must be positive/],
    ['an output cap above the limit', config({ maxOutputTokens: 100_000 }), /supported range is from 1/],
    [
      'too many stop sequences',
      config({ stopSequences: ['1', '2', '3', '4', '5', '6'] }),
      /must not be greater than 5/,
    ],
    ['several candidates', config({ candidateCount: 2 }), /Multiple candidates is not enabled/],
    ['a picture as an answer', config({ responseModalities: ['IMAGE'] }), /response modalities is not supported/],
    ['a strange type of answer', config({ responseMimeType: 'text/html' }), /allowed mimetypes are/],
    ['a schema for words', config({ responseSchema: { type: 'OBJECT' } }), /only allowed when response_mime_type/],
    ['two schemas', json({ responseSchema: { type: 'STRING' }, responseJsonSchema: {} }), /mutually exclusive/],
    [
      'JSON Schema in a schema of its own',
      json({ responseSchema: { type: 'OBJECT', properties: {}, additionalProperties: false } }),
      /Unknown name "additionalProperties" at 'generation_config\.response_schema'/,
    ],
    ['a list of nothing', json({ responseSchema: { type: 'ARRAY' } }), /items: missing field/],
    [
      'a property that is not there',
      json({ responseSchema: { type: 'OBJECT', required: ['a'], properties: {} } }),
      /required\[0\]: property is not defined/,
    ],
    ['a type of another world', json({ responseSchema: { type: 'TUPLE' } }), /v1beta\.Type\), "TUPLE"/],
    [
      'two ways to think',
      config({ thinkingConfig: { thinkingBudget: 5, thinkingLevel: 'LOW' } }),
      /only set only one of/,
    ],
    ['a negative budget', config({ thinkingConfig: { thinkingBudget: -2 } }), /thinking budget -2 is invalid/],
    [
      'a system prompt of pictures',
      { systemInstruction: user({ inlineData: { mimeType: 'image/png', data: PIXEL } }) },
      /only contain text/,
    ],
    [
      'a GIF',
      contents(user({ inlineData: { mimeType: 'image/gif', data: PIXEL } })),
      /Unsupported MIME type: image\/gif/,
    ],
    ['broken base64', contents(user({ inlineData: { mimeType: 'image/png', data: '!' } })), /Base64 decoding failed/],
    [
      'a file of another place',
      contents(user({ fileData: { fileUri: 'file:///etc/passwd' } })),
      /Unsupported file URI/,
    ],
    ['a call out of place', contents(model(CALL), user(RESPONSE)), /call turn comes immediately after a user turn/],
    [
      'a call without a response',
      contents(user(text('a')), model(CALL), user(text('b'))),
      /number of function response parts/,
    ],
    ['a call at the end', contents(user(text('a')), model(CALL)), /number of function response parts/],
    [
      'fewer responses than calls',
      contents(user(text('a')), model(CALL, CALL), user(RESPONSE)),
      /number of function response parts/,
    ],
    ['a response to no call', contents(user(RESPONSE)), /response turn comes immediately after a function call turn/],
    [
      'a response to another call',
      contents(user(text('a')), model(CALL), user({ functionResponse: { name: 'other', response: {} } })),
      /match the function call parts.*"other"/,
    ],
    [
      'a response of another id',
      contents(
        user(text('a')),
        model({ functionCall: { ...CALL.functionCall, id: 'one' } }),
        user({ functionResponse: { ...RESPONSE.functionResponse, id: 'two' } }),
      ),
      /with this id waits/,
    ],
    [
      'arguments that are no object',
      contents(user(text('a')), model({ functionCall: { name: 'x', args: '{}' } })),
      /protobuf\.Struct/,
    ],
    ['a function of a strange name', { tools: [{ functionDeclarations: [{ name: '1st' }] }] }, /Invalid function name/],
    [
      'a function twice',
      { tools: [{ functionDeclarations: [DECLARATION, DECLARATION] }] },
      /Duplicate function declaration/,
    ],
    [
      'arguments of another type',
      { tools: [{ functionDeclarations: [{ name: 'x', parameters: { type: 'STRING' } }] }] },
      /of type OBJECT/,
    ],
    ['tools of the server', { tools: [{ googleSearch: {} }] }, /googleSearch is not offered here/],
    [
      'a mode of no functions',
      { toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
      /without function_declarations/,
    ],
    [
      'names of another mode',
      calling({ mode: 'AUTO', allowedFunctionNames: ['get_weather'] }),
      /only be set when function calling mode is ANY/,
    ],
    ['names of no function', calling({ mode: 'ANY', allowedFunctionNames: ['other'] }), /not declared: other/],
    ['a strange mode', calling({ mode: 'MAYBE' }), /FunctionCallingConfig\.Mode\), "MAYBE"/],
    ['a cache that is not there', { cachedContent: 'cachedContents/1' }, /CachedContent not found/],
    [
      'a prompt beyond the context',
      contents(user(text('word '.repeat(130_000)))),
      /input token count \(\d+\) exceeds the maximum/,
    ],
  ];

  it.each(refused)('for %s', async (_what, body, message) => {
    const { status, answer, bill } = await send(body);
    expect({ status, error: answer.error }).toMatchObject({
      status: 400,
      error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.stringMatching(message) },
    });
    expect(bill.totals).toMatchObject({ refused: 1, promptTokens: 0 });
  });

  it('with the place, where the parser found it', async () => {
    const { answer } = await send(config({ maxTokens: 5 }));
    expect(answer.error?.details).toEqual([
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [{ field: 'generation_config', description: expect.stringContaining('maxTokens') }],
      },
    ]);
  });

  it('without a key differently from with a wrong one', async () => {
    await using simulator = await startTestSimulator({ apiKey: 'right' });
    const ask = (search: string, headers: Record<string, string> = {}) =>
      post(simulator, `generateContent${search}`, {}, headers);
    expect((await ask('')).status).toBe(403);
    expect((await ask('?key=wrong')).status).toBe(400);
    expect((await ask('?key=right')).status).toBe(200);
    expect((await ask('', { 'x-goog-api-key': 'right' })).status).toBe(200);
    expect((await fetch(`${simulator.url}/v1beta/models?key=right`)).status).toBe(200);
    expect((await fetch(`${simulator.url}/v1beta/elsewhere?key=right`)).status).toBe(404);
  });
});

describe('requests taken', () => {
  const taken: [string, object][] = [
    ['names in snake case, numbers as text', { generation_config: { max_output_tokens: '50', stop_sequences: ['.'] } }],
    ['contents without a role', contents({ parts: [text('a')] })],
    ['several turns of a user', contents(user(text('a')), user(text('b')))],
    ['a last word of the model', contents(user(text('a')), model(text('b')))],
    ['calls and responses in order', contents(user(text('a')), model(CALL, CALL), user(RESPONSE, RESPONSE))],
    [
      'both alphabets of base64',
      contents(user({ inlineData: { mimeType: 'image/png', data: PIXEL.replaceAll('/', '_') } })),
    ],
    ['settings of safety', { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] }],
    ['no thinking', config({ thinkingConfig: { thinkingBudget: 0 } })],
    ['a level in small letters', config({ thinkingConfig: { thinkingLevel: 'low' } })],
  ];

  it.each(taken)('%s', async (_what, body) => {
    const { status, answer } = await send(body);
    expect([status, answer.error]).toEqual([200, undefined]);
  });

  it('fills in a schema of its own kind, whatever properties are called', async () => {
    const properties = { first_name: { type: 'STRING' }, maxItems: { type: 'INTEGER', nullable: true } };
    const { answer } = await send(json({ responseSchema: { type: 'OBJECT', properties, required: ['first_name'] } }));
    const value: unknown = JSON.parse(answer.candidates?.[0]?.content.parts[0]?.text ?? '');
    expect(value).toEqual({ first_name: expect.any(String), maxItems: expect.any(Number) });
  });
});

describe('streams', () => {
  it('are an array of answers unless events are asked for', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['Grü', 'ezi ', '🎉'] });
    const response = await post(simulator, 'streamGenerateContent', {});
    expect(response.headers.get('content-type')).toBe('application/json; charset=UTF-8');
    const chunks = (await response.json()) as Answer[];
    expect(chunks.map((chunk) => chunk.candidates?.[0]?.content.parts[0]?.text).join('')).toBe('Grüezi 🎉');
    expect(chunks.length).toBeGreaterThan(3);
  });

  it('refuse in an array too, and break off without its end', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ status: 503, times: 1 }, { text: 'Hi', omitDone: true, times: 1 });
    const refused = await post(simulator, 'streamGenerateContent', {});
    expect(await refused.json()).toMatchObject([{ error: { code: 503, status: 'UNAVAILABLE' } }]);
    const open = await (await post(simulator, 'streamGenerateContent', {})).text();
    expect(JSON.parse(`${open}]`)).toHaveLength(3);
    simulator.script({ tokens: ['a', 'b'], streamError: { afterTokens: 1 } });
    const failed = (await (await post(simulator, 'streamGenerateContent', {})).json()) as Answer[];
    expect(failed.at(-1)?.error).toMatchObject({ status: 'INTERNAL' });
  });

  it('of a blocked prompt are one answer without candidates', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ contentFilter: true });
    const chunks = (await (await post(simulator, 'streamGenerateContent', {})).json()) as Answer[];
    expect(chunks).toMatchObject([{ promptFeedback: { blockReason: 'SAFETY' } }]);
    expect(chunks[0]?.candidates).toBeUndefined();
  });
});
