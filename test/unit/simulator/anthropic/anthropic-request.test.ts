// What the simulated Messages API refuses, as the real one does.

import { describe, expect, it } from '@jest/globals';
import { startTestSimulator } from '../../../support/start-simulator.ts';

const HEADERS = { 'x-api-key': 'key', 'anthropic-version': '2023-06-01' };
const LATEST = { 'anthropic-version': '2026-10-21' };
const MARK = { type: 'ephemeral' };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TOOL = { name: 'get_weather', input_schema: { type: 'object', properties: {} } };
const CLOSED = { type: 'object', properties: {}, additionalProperties: false };
const USE = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} };
const RESULT = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'warm' };

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const messages = (...list: unknown[]) => ({ messages: list });
const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more });
const image = (source: object) => messages(user([{ type: 'image', source }]));
const schema = (of: object) => ({ output_config: { format: { type: 'json_schema', schema: of } } });

async function send(body: object, headers: Record<string, string> = {}, path = '/v1/messages', method = 'POST') {
  await using simulator = await startTestSimulator();
  const whole = { model: 'sim-instant', max_tokens: 2048, ...messages(user('Why is the sky blue?')), ...body };
  const response = await fetch(simulator.url + path, {
    method,
    headers: { ...HEADERS, ...headers },
    ...(method === 'POST' ? { body: JSON.stringify(whole) } : {}),
  });
  const answer = (await response.json()) as { type?: string; error?: { type: string; message: string } };
  return { status: response.status, answer, bill: simulator.bill() };
}

describe('requests refused', () => {
  const refused: [string, object, RegExp][] = [
    ['no model', { model: undefined }, /^model: Field required/],
    ['no output cap', { max_tokens: undefined }, /^max_tokens: Field required/],
    ['a negative output cap', { max_tokens: -1 }, /^max_tokens: Input should be greater than or equal to 0/],
    ['an output cap above the limit', { max_tokens: 100_000 }, /100000 > 16384, which is the maximum allowed/],
    ['an unknown field', { max_output_tokens: 5 }, /^max_output_tokens: Extra inputs are not permitted/],
    ['no messages', { messages: undefined }, /^messages: Field required/],
    ['empty messages', messages(), /at least one message is required/],
    ['a strange role', messages({ role: 'tool', content: 'x' }), /^messages\.0\.role: Input should be 'user'/],
    ['a first word of the model', messages(assistant('Hi'), user('Hi')), /first message must use the "user" role/],
    ['a prefill', messages(user('Hi'), assistant('Well,')), /does not support assistant message prefill/],
    ['a system message out of place', messages(user('a'), assistant('b'), { role: 'system', content: 'c' }), /follow/],
    ['no content', messages({ role: 'user' }), /^messages\.0\.content: Field required/],
    ['empty content', messages(user('')), /^messages\.0: user messages must have non-empty content/],
    ['an empty block', messages(user([text('')])), /text content blocks must be non-empty/],
    ['a blank block', messages(user([text(' \n')])), /must contain non-whitespace text/],
    ['a field of a message', messages({ ...user('Hi'), name: 'x' }), /^messages\.0\.name: Extra inputs/],
    ['a field of a block', messages(user([text('Hi', { txt: 1 })])), /^messages\.0\.content\.0\.text\.txt: Extra/],
    ['a strange block', messages(user([{ type: 'video' }])), /Input tag 'video' found using 'type' does not match/],
    ['a call by the user', messages(user([USE])), /Input tag 'tool_use'/],
    [
      'a call without an answer',
      messages(user('Hi'), assistant([USE]), user('Bye')),
      /`tool_use` ids were found.*toolu_1/,
    ],
    ['a call at the end', messages(user('Hi'), assistant([USE])), /prefill|`tool_use` ids/],
    ['an answer after other words', messages(user('a'), assistant([USE]), user([text('b'), RESULT])), /`tool_use` ids/],
    [
      'an answer to no call',
      messages(user([RESULT])),
      /unexpected `tool_use_id` found in `tool_result` blocks: toolu_1/,
    ],
    [
      'two answers to a call',
      messages(user('a'), assistant([USE]), user([RESULT, RESULT])),
      /must have a single result/,
    ],
    [
      'a call twice',
      messages(user('a'), assistant([USE]), user([RESULT]), assistant([USE]), user([RESULT])),
      /`tool_use` ids must be unique/,
    ],
    [
      'an id of other characters',
      messages(user('a'), assistant([{ ...USE, id: 'a b' }])),
      /tool_use\.id: String should/,
    ],
    ['arguments that are no object', messages(user('a'), assistant([{ ...USE, input: '{}' }])), /valid dictionary/],
    [
      'a signature of somebody else',
      messages(user('a'), assistant([{ type: 'thinking', thinking: 'x', signature: 'y' }])),
      /Invalid `signature`/,
    ],
    [
      'an image that is none',
      image({ type: 'base64', media_type: 'image/tiff', data: PIXEL }),
      /media_type: Input should be/,
    ],
    ['broken base64', image({ type: 'base64', media_type: 'image/png', data: 'no!' }), /invalid base64 data/],
    [
      'an image of another type',
      image({ type: 'base64', media_type: 'image/jpeg', data: PIXEL }),
      /does not match the provided/,
    ],
    ['an image over plain HTTP', image({ type: 'url', url: 'http://example.com/a.png' }), /Only HTTPS URLs/],
    ['thinking too little', { thinking: { type: 'enabled', budget_tokens: 1023 } }, /greater than or equal to 1024/],
    [
      'thinking beyond the cap',
      { thinking: { type: 'enabled', budget_tokens: 2048 } },
      /`max_tokens` must be greater than/,
    ],
    ['thinking without a budget', { thinking: { type: 'enabled' } }, /budget_tokens: Field required/],
    ['thinking at a temperature', { thinking: { type: 'adaptive' }, temperature: 0.5 }, /may only be set to 1/],
    ['thinking with top_k', { thinking: { type: 'adaptive' }, top_k: 5 }, /`top_k` must be unset/],
    ['thinking with top_p', { thinking: { type: 'adaptive' }, top_p: 0.5 }, /`top_p` must be/],
    [
      'thinking by a budget and forced tools',
      { thinking: { type: 'enabled', budget_tokens: 1024 }, tools: [TOOL], tool_choice: { type: 'any' } },
      /may not be enabled when tool_choice forces/,
    ],
    ['a temperature out of range', { temperature: 1.5 }, /^temperature: Input should be less than or equal to 1/],
    ['a blank stop sequence', { stop_sequences: ['\n'] }, /must contain non-whitespace/],
    ['tools of one name', { tools: [TOOL, TOOL] }, /Tool names must be unique/],
    [
      'a tool of a strange name',
      { tools: [{ ...TOOL, name: 'get weather' }] },
      /^tools\.0\.custom\.name: String should/,
    ],
    ['a tool without a schema', { tools: [{ name: 'x' }] }, /input_schema: Field required/],
    [
      'a tool whose arguments are no object',
      { tools: [{ name: 'x', input_schema: { type: 'string' } }] },
      /input_schema\.type/,
    ],
    [
      'a tool with a choice of schemas',
      { tools: [{ name: 'x', input_schema: { ...CLOSED, anyOf: [] } }] },
      /at the top level/,
    ],
    [
      'a tool of the server',
      { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
      /Only tools of the client/,
    ],
    ['a tool choice without tools', { tool_choice: { type: 'auto' } }, /only be specified while providing tools/],
    ['a choice of no such tool', { tools: [TOOL], tool_choice: { type: 'tool', name: 'x' } }, /Tool 'x' not found/],
    [
      'parallel use of no tool',
      { tools: [TOOL], tool_choice: { type: 'none', disable_parallel_tool_use: true } },
      /Extra/,
    ],
    [
      'an open schema',
      schema({ type: 'object', properties: {} }),
      /'additionalProperties' must be explicitly set to false/,
    ],
    [
      'bounds in a schema',
      schema({ ...CLOSED, properties: { n: { type: 'integer', minimum: 1, maximum: 9 } } }),
      /For 'integer' type, properties minimum, maximum are not supported/,
    ],
    ['lengths in a schema', schema({ ...CLOSED, properties: { s: { type: 'string', maxLength: 9 } } }), /maxLength/],
    [
      'a schema that contains itself',
      schema({
        ...CLOSED,
        properties: { next: { $ref: '#/$defs/a' } },
        $defs: { a: { ...CLOSED, properties: { b: { $ref: '#/$defs/a' } } } },
      }),
      /Recursive schemas are not supported/,
    ],
    ['a strange effort', { output_config: { effort: 'most' } }, /^output_config\.effort: Input should be 'low'/],
    ['metadata of any kind', { metadata: { team: 'x' } }, /^metadata\.team: Extra inputs/],
    [
      'five marks for the cache',
      {
        system: [text('a', { cache_control: MARK })],
        tools: [{ ...TOOL, cache_control: MARK }],
        ...messages(user(['b', 'c', 'd'].map((word) => text(word, { cache_control: MARK })))),
      },
      /A maximum of 4 blocks with cache_control may be provided\. Found 5/,
    ],
    [
      'a mark of another kind',
      { cache_control: { type: 'eternal' } },
      /cache_control\.type: Input should be 'ephemeral'/,
    ],
    [
      'a long mark after a short one',
      messages(user([text('a', { cache_control: MARK }), text('b', { cache_control: { ...MARK, ttl: '1h' } })])),
      /must not come after a ttl='5m'/,
    ],
    [
      'a prompt beyond the context',
      messages(user('word '.repeat(130_000))),
      /^prompt is too long: \d+ tokens > 128000/,
    ],
  ];

  it.each(refused)('for %s', async (_what, body, message) => {
    const { status, answer, bill } = await send(body);
    expect({ status, type: answer.type, error: answer.error }).toEqual({
      status: 400,
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringMatching(message) },
    });
    expect(bill.totals).toMatchObject({ refused: 1, promptTokens: 0, completionTokens: 0 });
  });

  it.each(['temperature', 'top_p', 'top_k'])('for %s, from the version on that has none', async (name) => {
    expect((await send({ [name]: 1 })).status).toBe(200);
    const { status, answer } = await send({ [name]: 1 }, LATEST);
    expect([status, answer.error?.message]).toEqual([400, `${name}: Extra inputs are not permitted`]);
  });

  it('for a missing or unknown version, a wrong path or method', async () => {
    expect((await send({}, { 'anthropic-version': '2020-01-01' })).answer.error?.message).toMatch(
      /not a valid version/,
    );
    await using simulator = await startTestSimulator();
    const missing = await fetch(`${simulator.url}/v1/messages`, { method: 'POST', body: '{}' });
    expect(await missing.json()).toMatchObject({ error: { message: 'anthropic-version: header is required' } });
    expect((await send({}, {}, '/v1/messages', 'GET')).status).toBe(405);
    expect((await send({}, {}, '/v1/files')).answer.error?.type).toBe('not_found_error');
    const broken = await fetch(`${simulator.url}/v1/messages`, { method: 'POST', headers: HEADERS, body: '{"model":' });
    expect(await broken.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});

describe('requests taken', () => {
  const taken: [string, object][] = [
    ['messages of one role in a row', messages(user('a'), user('b'), assistant('c'), assistant('d'), user('e'))],
    [
      'results of one turn in two messages',
      messages(
        user('a'),
        assistant([USE, { ...USE, id: 'b' }]),
        user([RESULT]),
        user([{ ...RESULT, tool_use_id: 'b' }]),
      ),
    ],
    ['words after results', messages(user('a'), assistant([text('b'), USE]), user([RESULT, text('c')]))],
    [
      'a result of blocks',
      messages(user('a'), assistant([USE]), user([{ ...RESULT, content: [text('warm')], is_error: true }])),
    ],
    [
      'a result of nothing',
      messages(user('a'), assistant([USE]), user([{ type: 'tool_result', tool_use_id: 'toolu_1' }])),
    ],
    ['a system message after what a user said', messages(user('a'), { role: 'system', content: 'b' })],
    [
      'adaptive thinking and forced tools',
      { thinking: { type: 'adaptive' }, tools: [TOOL], tool_choice: { type: 'any' } },
    ],
    ['system blocks', { system: [text('Be brief.'), text('Be kind.', { cache_control: MARK })] }],
    [
      'four marks, long before short',
      { cache_control: MARK, ...messages(user([text('a', { cache_control: { ...MARK, ttl: '1h' } })])) },
    ],
    ['an output cap of 0, which only fills the cache', { max_tokens: 0 }],
    [
      'what others may set',
      { metadata: { user_id: 'x' }, service_tier: 'auto', top_k: 5, thinking: { type: 'disabled' } },
    ],
  ];

  it.each(taken)('%s', async (_what, body) => {
    const { status, answer } = await send(body);
    expect([status, answer.error]).toEqual([200, undefined]);
  });

  it('counts words of a system prompt, results and images like any others', async () => {
    const plain = await send({});
    const more = await send({ system: 'Be brief, and be kind about it.' });
    expect(more.bill.totals.promptTokens).toBeGreaterThan(plain.bill.totals.promptTokens);
  });
});
