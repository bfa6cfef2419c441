// Everything a caller can get wrong, on every transport where it can: a documented code, a status, a message that says
// what to do, nothing started upstream, and not one character of the input repeated, neither to the caller nor in logs.

import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ERROR_TABLE, type ErrorCode } from '../../src/core/errors.ts';
import { adminKey, otherKey, startGateway, type TestGateway, webKey } from '../support/start-gateway.ts';
import { openSignedIn, streamTypes, type Wire } from '../support/wire.ts';

/** Stands in every prompt, literal and variable; found nowhere else. */
const canary = 'CANARY7f3a';
const model = 'sim-instant';
const invalid = '... on InvalidInputError { code message path }';
const generate = `mutation ($input: GenerateInput!) { generate(input: $input) { __typename ${invalid} } }`;
const stream =
  'subscription ($input: GenerateStreamInput!, $after: String) { generateStream(input: $input, after: $after) { sequence } }';
const follow =
  'subscription ($id: ID!, $after: String) { generationEvents(generationId: $id, after: $after) { cursor } }';

let gateway: TestGateway;
let wire: Wire;
/** A generation of somebody else, ended and kept. */
let foreignId: string;
/** A generation of ours, and a cursor of its stream. */
let ownId: string;
let ownCursor: string;

beforeAll(async () => {
  gateway = await startGateway();
  const start = `mutation { startGeneration(input: { model: "${model}", prompt: "Mine" }) { ... on GenerateSuccess { generation { id } } } }`;
  foreignId = (await gateway.send({ query: start, key: otherKey })).data.startGeneration.generation.id;
  ownId = (await gateway.send({ query: start })).data.startGeneration.generation.id;
  wire = await openSignedIn(gateway.socketUrl, adminKey);
  ownCursor = (await wire.subscribe('own', { query: follow, variables: { id: ownId } })).payload.data.generationEvents
    .cursor;
  while ((await wire.next()).type !== 'complete');
  await gateway.simulator.waitFor(({ inFlight }) => inFlight === 0);
});
afterAll(async () => {
  await wire[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});
beforeEach(() => gateway.simulator.reset());
afterEach(() => {
  expect(gateway.simulator.bill().requests).toEqual([]);
  expect(gateway.logLines.filter((line) => line.includes(canary) || line.includes('"level":"error"'))).toEqual([]);
});

interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

const json = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };

async function send(init: RequestInit, key = adminKey): Promise<Answer> {
  const response = await fetch(gateway.graphqlUrl, {
    method: 'POST',
    signal: AbortSignal.timeout(15_000),
    ...init,
    headers: { ...json, authorization: `Bearer ${key}`, ...(init.headers as Record<string, string>) },
  });
  const text = await response.text();
  expect(text).not.toContain(canary);
  return { status: response.status, text, body: text === '' ? {} : JSON.parse(text) };
}

const post = (body: unknown, headers: Record<string, string> = {}, key = adminKey): Promise<Answer> =>
  send({ headers, body: typeof body === 'string' ? body : JSON.stringify(body) }, key);

interface Expected {
  readonly code: ErrorCode;
  /** What the message says. */
  readonly says: RegExp;
}

/** The whole operation was refused: nothing ran, the status is the code's. */
function expectRefused(answer: Answer, { code, says }: Expected): void {
  expect(answer.body.errors?.map((error: { extensions: { code: string } }) => error.extensions.code)).toContain(code);
  const [error] = answer.body.errors;
  expect(error.extensions.code).toBe(code);
  expect(error.extensions.requestId).toMatch(/^req_/);
  expect(error.message).toMatch(says);
  expect(answer.status).toBe(ERROR_TABLE[code].status);
  expect(answer.body.data ?? null).toBeNull();
}

let operations = 0;
async function expectRefusedOnSocket(payload: unknown, { code, says }: Expected): Promise<void> {
  const message = await wire.subscribe(`op-${operations++}`, payload);
  expect(JSON.stringify(message)).not.toContain(canary);
  expect(message.type).toBe('error');
  expect(message.payload[0].extensions.code).toBe(code);
  expect(message.payload[0].message).toMatch(says);
}

/** Over server-sent events, multipart and a socket. */
async function expectRefusedOnStreams(payload: unknown, expected: Expected): Promise<void> {
  for (const accept of Object.values(streamTypes)) expectRefused(await post(payload, { accept }), expected);
  await expectRefusedOnSocket(payload, expected);
}

/** JSON text of lists or objects in each other, deeper than `JSON.stringify` can write. */
const nested = (levels: number, open: '[' | '{"a":'): string =>
  `${open.repeat(levels)}"${canary}"${(open === '[' ? ']' : '}').repeat(levels)}`;

const prompt = `${canary} tell me`;

describe('one call, checked after coercion', () => {
  const cases: [name: string, input: Record<string, unknown>, code: ErrorCode, path: string, says: RegExp][] = [
    ['an unknown model', { model: `${canary}-model`, prompt }, 'MODEL_NOT_FOUND', 'model', /"models" query/],
    ['an empty model', { model: '', prompt }, 'MODEL_NOT_FOUND', 'model', /"models" query/],
    [
      'a model that is a property of every object',
      { model: '__proto__', prompt },
      'MODEL_NOT_FOUND',
      'model',
      /models/,
    ],
    ['an empty prompt', { model, prompt: '' }, 'INVALID', 'prompt', /empty/],
    ['a prompt of spaces', { model, prompt: ' \n\t ' }, 'INVALID', 'prompt', /empty/],
    [
      'an oversized prompt',
      { model, prompt: `${prompt} on and`.repeat(60_000) },
      'CONTEXT_TOO_LONG',
      'prompt',
      /at most 128000/,
    ],
    [
      'prompt and messages',
      { model, prompt, messages: [{ role: 'USER', content: prompt }] },
      'INVALID',
      'messages',
      /either/,
    ],
    ['neither prompt nor messages', { model }, 'INVALID', '', /prompt or messages/],
    ['no messages', { model, messages: [] }, 'INVALID', 'messages', /at least one/],
    [
      'an empty message',
      { model, messages: [{ role: 'USER', content: '' }] },
      'INVALID',
      'messages.0.content',
      /empty/,
    ],
    [
      'a message with content and parts',
      { model, messages: [{ role: 'USER', content: prompt, parts: [{ text: prompt }] }] },
      'INVALID',
      'messages.0.parts',
      /either/,
    ],
    [
      'a tool result for no call',
      { model, messages: [{ role: 'TOOL', content: prompt, toolCallId: canary }] },
      'INVALID',
      'messages.0.toolCallId',
      /earlier/,
    ],
    [
      'an image by a scheme other than https',
      { model, messages: [{ role: 'USER', parts: [{ imageUrl: `http://${canary}` }] }] },
      'INVALID',
      'messages.0.parts.0.imageUrl',
      /https/,
    ],
    ['a negative output limit', { model, prompt, maxOutputTokens: -1 }, 'INVALID', 'maxOutputTokens', /between 1 and/],
    ['an output limit of 0', { model, prompt, maxOutputTokens: 0 }, 'INVALID', 'maxOutputTokens', /between 1 and/],
    [
      'a huge output limit',
      { model, prompt, maxOutputTokens: 2_147_483_647 },
      'INVALID',
      'maxOutputTokens',
      /between 1 and/,
    ],
    ['a negative temperature', { model, prompt, temperature: -0.1 }, 'INVALID', 'temperature', /between 0 and 2/],
    ['a huge temperature', { model, prompt, temperature: 1e300 }, 'INVALID', 'temperature', /between 0 and 2/],
    ['a top-p over 1', { model, prompt, topP: 1.01 }, 'INVALID', 'topP', /between 0 and 1/],
    ['a negative time-out', { model, prompt, timeoutMs: -5 }, 'INVALID', 'timeoutMs', /between 1 and/],
    ['a huge time-out', { model, prompt, timeoutMs: 2_147_483_647 }, 'INVALID', 'timeoutMs', /between 1 and/],
    ['too many stops', { model, prompt, stop: Array(5).fill(canary) }, 'INVALID', 'stop', /At most 4/],
    ['an empty stop', { model, prompt, stop: [''] }, 'INVALID', 'stop.0', /1 to 256/],
    [
      'too many labels',
      { model, prompt, labels: Array.from({ length: 17 }, (_, index) => ({ name: `l${index}`, value: canary })) },
      'INVALID',
      'labels',
      /at most 16/,
    ],
    [
      'a label with a bad name',
      { model, prompt, labels: [{ name: `${canary} !`, value: 'x' }] },
      'INVALID',
      'labels.0.name',
      /letters/,
    ],
    [
      'a tool with a bad name',
      { model, prompt, tools: [{ name: `${canary} !`, parameters: {} }] },
      'INVALID',
      'tools.0.name',
      /letters/,
    ],
    [
      'a choice of a tool that is not there',
      { model, prompt, toolChoice: { mode: 'TOOL', name: canary } },
      'INVALID',
      'toolChoice.name',
      /None of the tools/,
    ],
    [
      'a schema that is none',
      { model, prompt, output: { format: 'JSON', schema: { type: canary } } },
      'INVALID',
      'output.schema',
      /schema/i,
    ],
    [
      'a schema that refers elsewhere',
      { model, prompt, output: { format: 'JSON', schema: { $ref: `http://${canary}/` } } },
      'INVALID',
      'output.schema',
      /inside the schema/,
    ],
    [
      'a schema with a broken pattern',
      { model, prompt, output: { format: 'JSON', schema: { pattern: `(${canary}` } } },
      'INVALID',
      'output.schema',
      /"pattern".*missing closing/,
    ],
    [
      'a schema for text',
      { model, prompt, output: { format: 'TEXT', schema: { type: 'object' } } },
      'INVALID',
      'output.schema',
      /JSON only/,
    ],
  ];
  const withKey = (input: Record<string, unknown>) => ({ idempotencyKey: 'bad-input', request: input });

  it.each(cases)('%s: a typed answer, or an error where the field has none', async (_name, input, code, path, says) => {
    const fullPath = (...prefix: string[]): string[] => [...prefix, ...path.split('.').filter((step) => step !== '')];
    const typed = (at: string[]) => ({
      __typename: 'InvalidInputError',
      code,
      message: expect.stringMatching(says),
      path: at,
    });

    const plain = await post({ query: generate, variables: { input } });
    expect(plain).toMatchObject({ status: 200, body: { data: { generate: typed(fullPath('input')) } } });
    const started = await post({ query: generate.replace('generate(', 'startGeneration('), variables: { input } });
    expect(started).toMatchObject({ status: 200, body: { data: { startGeneration: typed(fullPath('input')) } } });
    const batch = await post({
      query: `mutation ($input: BatchGenerateInput!) { batchGenerate(input: $input) { failedCount items { result { __typename ${invalid} } } } }`,
      variables: { input: { items: [input] } },
    });
    const item = { result: typed(fullPath('input', 'items', '0')) };
    expect(batch).toMatchObject({ status: 200, body: { data: { batchGenerate: { failedCount: 1, items: [item] } } } });

    const expected: Expected = { code, says };
    expectRefused(
      await post({
        query: 'query ($input: GenerateInput!) { estimate(input: $input) { inputTokens } }',
        variables: { input },
      }),
      expected,
    );
    await expectRefusedOnStreams({ query: stream, variables: { input: withKey(input) } }, expected);
  });

  it('a model the key may not use is as unknown as any other', async () => {
    const variables = { input: { model: 'sim-fast', prompt } };
    const refused = await post({ query: generate, variables }, {}, webKey);
    const unknown = await post({ query: generate, variables: { input: { model: canary, prompt } } }, {}, webKey);
    expect(refused.body).toEqual(unknown.body);
    expect(refused.body.data.generate.code).toBe('MODEL_NOT_FOUND');
  });

  it('a stream with an empty key, or with a second key inside the request', async () => {
    const request = { model, prompt };
    const emptyKey = { query: stream, variables: { input: { idempotencyKey: '', request } } };
    await expectRefusedOnStreams(emptyKey, { code: 'INVALID', says: /1 to 255/ });
    const twice = { idempotencyKey: 'a', request: { ...request, idempotencyKey: canary } };
    await expectRefusedOnStreams({ query: stream, variables: { input: twice } }, { code: 'INVALID', says: /once/ });
  });
});

describe('values of the wrong type', () => {
  const ok = { model, prompt };
  const variables: [name: string, input: unknown, says: RegExp][] = [
    ['an input that is text', canary, /\$input: expected a value of type "GenerateInput"/],
    ['an input that is null', null, /\$input: must not be null/],
    ['a list of inputs', [ok], /\$input/],
    ['a prompt that is a number', { model, prompt: 5 }, /\$input\.prompt: .*"String"/],
    ['a prompt that is an object', { model, prompt: { text: canary } }, /\$input\.prompt: .*"String"/],
    ['a model that is null', { model: null, prompt }, /\$input\.model: must not be null/],
    ['no model', { prompt }, /needs the field "model"/],
    ['a field that does not exist', { ...ok, [canary]: canary }, /type "GenerateInput" does not have/],
    ['a role that does not exist', { model, messages: [{ role: canary, content: prompt }] }, /enum "Role"/],
    ['messages that are text', { model, messages: canary }, /\$input\.messages/],
    ['a temperature of "NaN"', { ...ok, temperature: 'NaN' }, /\$input\.temperature: expected a finite number/],
    ['a temperature that is true', { ...ok, temperature: true }, /\$input\.temperature: expected a finite number/],
    ['an output limit that is a fraction', { ...ok, maxOutputTokens: 1.5 }, /\$input\.maxOutputTokens: .*whole number/],
    ['an output limit that is text', { ...ok, maxOutputTokens: canary }, /\$input\.maxOutputTokens: .*whole number/],
    ['an output limit over 32 bits', { ...ok, maxOutputTokens: 2 ** 40 }, /\$input\.maxOutputTokens: .*whole number/],
    ['a seed below 32 bits', { ...ok, seed: -(2 ** 40) }, /\$input\.seed: .*whole number/],
    ['a schema that is a list', { ...ok, output: { format: 'JSON', schema: [canary] } }, /\$input\.output\.schema/],
    [
      'more messages than a call may have',
      { model, messages: Array(1_001).fill({ role: 'USER', content: prompt }) },
      /at most 1000/,
    ],
    ['more stops than a list may have', { ...ok, stop: Array(50_000).fill(canary) }, /at most 100/],
  ];

  it.each(variables)('in variables: %s', async (_name, input, says) => {
    const expected: Expected = { code: 'BAD_USER_INPUT', says };
    expectRefused(await post({ query: generate, variables: { input } }), expected);
    const streamed: Expected = {
      code: 'BAD_USER_INPUT',
      says: new RegExp(says.source.replace('\\$input', '\\$input(\\.request)?')),
    };
    const inputs = { input: { idempotencyKey: 'bad-type', request: input } };
    await expectRefusedOnStreams({ query: stream, variables: inputs }, streamed);
  });

  it.each([
    ['objects nested 65 levels deep', `{"a": ${nested(65, '{"a":')}}`, /deeper than 64/],
    ['objects nested 9,000 levels deep', nested(9_000, '{"a":'), /deeper than 64/],
    ['lists nested 9,000 levels deep', `{"a": ${nested(9_000, '[')}}`, /deeper than 64/],
    ['lists nested deeply where an object belongs', nested(9_000, '['), /\$input/],
  ])('in variables: %s', async (_name, parameters, says) => {
    const request = `{"model": "${model}", "prompt": "${prompt}", "tools": [{"name": "a", "parameters": ${parameters}}]}`;
    const expected: Expected = { code: 'BAD_USER_INPUT', says };
    const plain = `{"query": ${JSON.stringify(generate)}, "variables": {"input": ${request}}}`;
    expectRefused(await post(plain), expected);
    const input = `{"idempotencyKey": "deep", "request": ${request}}`;
    const payload = `{"query": ${JSON.stringify(stream)}, "variables": {"input": ${input}}}`;
    for (const accept of Object.values(streamTypes)) expectRefused(await post(payload, { accept }), expected);
    wire.send(`{"type": "subscribe", "id": "deep", "payload": ${payload}}`);
    const message = await wire.next();
    expect(message).toMatchObject({ type: 'error', id: 'deep', payload: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(message.payload[0].message).toMatch(says);
  });

  it('in variables: one that is required and not sent', async () => {
    const expected: Expected = { code: 'BAD_USER_INPUT', says: /\$input: is required/ };
    expectRefused(await post({ query: generate }), expected);
    expectRefused(await post({ query: generate, variables: { [canary]: canary } }), expected);
    await expectRefusedOnStreams({ query: stream }, expected);
  });

  it('in the default values of variables: bounds hold for them, too', async () => {
    const cases: [fields: string, says: RegExp][] = [
      [`stop: [${Array(101).fill(`"${canary}"`).join()}]`, /\$input\.stop: has 101 items, at most 100/],
      [`tools: [{ name: "a", parameters: ${'{ a: '.repeat(66)}1${' }'.repeat(66)} }]`, /deeper than 64|nested/],
    ];
    for (const [fields, says] of cases) {
      const literal = `{ model: "${model}", prompt: "${prompt}", ${fields} }`;
      const query = generate.replace('GenerateInput!', `GenerateInput! = ${literal}`);
      expectRefused(await post({ query }), { code: 'BAD_USER_INPUT', says });
    }
  });

  it('in variables: numbers that JSON has no word for, or that overflow', async () => {
    const body = (temperature: string): string =>
      `{"query": ${JSON.stringify(generate)}, "variables": {"input": {"model": "${model}", "prompt": "${prompt}", "temperature": ${temperature}}}}`;
    for (const word of ['NaN', 'Infinity', '-Infinity', '0x10', '.5', '1.']) {
      expectRefused(await post(body(word)), { code: 'BAD_USER_INPUT', says: /not valid JSON/ });
    }
    expectRefused(await post(body('1e999')), { code: 'BAD_USER_INPUT', says: /\$input\.temperature: .*finite/ });
  });

  const literals: [name: string, input: string, code: ErrorCode, says: RegExp][] = [
    [
      'a temperature of NaN',
      `{ model: "${model}", prompt: "${prompt}", temperature: NaN }`,
      'GRAPHQL_VALIDATION_FAILED',
      /finite number \(Float\)/,
    ],
    [
      'a temperature of "NaN"',
      `{ model: "${model}", prompt: "${prompt}", temperature: "NaN" }`,
      'GRAPHQL_VALIDATION_FAILED',
      /finite number \(Float\)/,
    ],
    ['a prompt that is a number', `{ model: "${model}", prompt: 5 }`, 'GRAPHQL_VALIDATION_FAILED', /"String"/],
    ['a prompt that is a word', `{ model: "${model}", prompt: ${canary} }`, 'GRAPHQL_VALIDATION_FAILED', /"String"/],
    [
      'an output limit over 32 bits',
      `{ model: "${model}", prompt: "${prompt}", maxOutputTokens: 99999999999 }`,
      'GRAPHQL_VALIDATION_FAILED',
      /whole number/,
    ],
    [
      'a field that does not exist',
      `{ model: "${model}", prompt: "${prompt}", ${canary}: 1 }`,
      'GRAPHQL_VALIDATION_FAILED',
      /does not have/,
    ],
    [
      'a role that does not exist',
      `{ model: "${model}", messages: [{ role: ${canary}, content: "${prompt}" }] }`,
      'GRAPHQL_VALIDATION_FAILED',
      /enum "Role"/,
    ],
    ['no model', `{ prompt: "${prompt}" }`, 'GRAPHQL_VALIDATION_FAILED', /model/],
    [
      'lists nested deeply',
      `{ model: "${model}", prompt: ${'['.repeat(300)}"${canary}"${']'.repeat(300)} }`,
      'GRAPHQL_VALIDATION_FAILED',
      /"String"/,
    ],
    [
      'a string without an end',
      `{ model: "${model}", prompt: "${prompt} }`,
      'GRAPHQL_PARSE_FAILED',
      /Syntax error at line 1/,
    ],
    ['a variable that is not declared', '{ model: $model, prompt: "a" }', 'GRAPHQL_VALIDATION_FAILED', /\$model/],
  ];

  it.each(literals)('in literals: %s', async (_name, input, code, says) => {
    const expected: Expected = { code, says };
    expectRefused(await post({ query: `mutation { generate(input: ${input}) { __typename } }` }), expected);
    const query = `subscription { generateStream(input: { idempotencyKey: "a", request: ${input} }) { sequence } }`;
    await expectRefusedOnStreams({ query }, expected);
  });

  it.each([
    [
      'a mutation',
      'mutation ($p: String = "a") { generate(input: { model: $p, prompt: "x" }) { __typename } }',
      'input',
    ],
    [
      'a subscription',
      'subscription ($p: ID = "a") { generationEvents(generationId: $p) { sequence } }',
      'generationId',
    ],
  ])('null, sent for a variable with a default where null does not fit: %s', async (_name, query, argument) => {
    const payload = { query, variables: { p: null } };
    const expected: Expected = { code: 'BAD_USER_INPUT', says: new RegExp(`argument "${argument}"`) };
    if (query.startsWith('mutation')) expectRefused(await post(payload), expected);
    else await expectRefusedOnStreams(payload, expected);
  });

  it('null, sent for a variable with a default where null does not fit: a nullable field of a query', async () => {
    const query = 'query ($p: ID = "a") { generation(id: $p) { id } }';
    const answer = await post({ query, variables: { p: null } });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual({ generation: null });
    expect(answer.body.errors[0]).toMatchObject({ path: ['generation'], extensions: { code: 'BAD_USER_INPUT' } });
  });

  it('in literals: a number that overflows', async () => {
    const input = `{ model: "${model}", prompt: "${prompt}", temperature: 1e999 }`;
    const answer = await post({ query: `mutation { generate(input: ${input}) { __typename ${invalid} } }` });
    expect([200, 400]).toContain(answer.status);
    expect(answer.text).toMatch(/temperature|finite/);
    expect(answer.text).not.toContain('INTERNAL');
  });
});

describe('operations that are too large', () => {
  const call = (alias: string): string =>
    `${alias}: generate(input: { model: "${model}", prompt: "${prompt}" }) { __typename }`;
  const repeat = (count: number, write: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => write(index)).join(' ');
  const cases: [name: string, query: string, code: ErrorCode, says: RegExp][] = [
    [
      '10,000 aliases of generate',
      `mutation { ${repeat(10_000, (index) => call(`a${index}`))} }`,
      'MAX_COST_EXCEEDED',
      /tokens/,
    ],
    [
      '10,000 aliases of __typename',
      `{ ${repeat(10_000, (index) => `a${index}: __typename`)} }`,
      'MAX_COST_EXCEEDED',
      /tokens/,
    ],
    [
      '16 aliases',
      `{ ${repeat(16, (index) => `a${index}: __typename`)} }`,
      'MAX_COST_EXCEEDED',
      /16 aliased fields, at most 15/,
    ],
    [
      '11 calls in one mutation',
      `mutation { ${repeat(11, (index) => call(`a${index}`))} }`,
      'MAX_COST_EXCEEDED',
      /11 root fields, at most 10/,
    ],
    [
      'fields nested 11 deep',
      `${'{ a '.repeat(11)}${'}'.repeat(11)}`,
      'MAX_COST_EXCEEDED',
      /11 levels of nesting, at most 10/,
    ],
    ['fields nested 50,000 deep', `${'{ a '.repeat(50_000)}${'}'.repeat(50_000)}`, 'MAX_COST_EXCEEDED', /tokens/],
    ['lists nested 50,000 deep', `{ a(b: ${'['.repeat(50_000)}`, 'MAX_COST_EXCEEDED', /tokens/],
    [
      'fragments that spread each other in a circle',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
      'GRAPHQL_VALIDATION_FAILED',
      /./,
    ],
    [
      'fragments that double 20 times',
      `{ ...F0 } ${repeat(20, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F20 on Query { __typename }`,
      'MAX_COST_EXCEEDED',
      /fields/,
    ],
    [
      '11 directives',
      `{ ${repeat(11, () => '__typename @include(if: true)')} }`,
      'MAX_COST_EXCEEDED',
      /11 directives, at most 10/,
    ],
  ];

  it.each(cases)('%s', async (_name, query, code, says) => {
    expectRefused(await post({ query }), { code, says });
    await expectRefusedOnStreams({ query }, { code, says });
  });

  it('a batch of none, of 101, or with an absurd concurrency', async () => {
    const query = 'mutation ($input: BatchGenerateInput!) { batchGenerate(input: $input) { batchId } }';
    const items = (count: number) => Array(count).fill({ model, prompt });
    for (const [input, says] of [
      [{ items: [] }, /1 to 100/],
      [{ items: items(101) }, /at most 100/],
      [{ items: items(2), concurrency: 0 }, /between 1 and 50/],
      [{ items: items(2), concurrency: 2_147_483_647 }, /between 1 and 50/],
      [{ items: items(2), idempotencyKey: '' }, /1 to 255/],
    ] as const) {
      expectRefused(await post({ query, variables: { input } }), { code: 'BAD_USER_INPUT', says });
    }
  });
});

describe('requests that are none', () => {
  const bytes = (...parts: (string | number[])[]): Uint8Array<ArrayBuffer> =>
    new Uint8Array(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part)))),
    );
  const good = JSON.stringify({ query: generate, variables: { input: { model, prompt } } });
  const cases: [name: string, init: RequestInit, code: ErrorCode, says: RegExp][] = [
    ['bad JSON', { body: `{"query": "${canary}` }, 'BAD_USER_INPUT', /not valid JSON/],
    ['JSON with something behind it', { body: `${good} ${canary}` }, 'BAD_USER_INPUT', /not valid JSON/],
    ['an empty body', { body: '' }, 'BAD_USER_INPUT', /empty/],
    ['bad UTF-8', { body: bytes(`{"query": "${canary}`, [0xff, 0xc3, 0x28], '"}') }, 'BAD_USER_INPUT', /UTF-8/],
    ['UTF-8 that ends in mid-character', { body: bytes(good, [0xe2, 0x82]) }, 'BAD_USER_INPUT', /UTF-8/],
    ['UTF-16', { body: new Uint8Array(Buffer.from(`\uFEFF${good}`, 'utf16le')) }, 'BAD_USER_INPUT', /UTF-8|JSON/],
    ['a list', { body: `[${good}]` }, 'BAD_USER_INPUT', /one operation per request/],
    ['text', { body: `"${canary}"` }, 'BAD_USER_INPUT', /JSON object/],
    ['null', { body: 'null' }, 'BAD_USER_INPUT', /JSON object/],
    ['no document', { body: `{"variables": {"a": "${canary}"}}` }, 'BAD_USER_INPUT', /"query"/],
    ['a document that is a number', { body: '{"query": 5}' }, 'BAD_USER_INPUT', /"query"/],
    ['an empty document', { body: '{"query": " "}' }, 'BAD_USER_INPUT', /"query"/],
    [
      'variables that are text',
      { body: `{"query": "{ __typename }", "variables": "${canary}"}` },
      'BAD_USER_INPUT',
      /"variables" must be an object/,
    ],
    [
      'variables that are a list',
      { body: '{"query": "{ __typename }", "variables": []}' },
      'BAD_USER_INPUT',
      /"variables" must be an object/,
    ],
    [
      'an operation name that is a number',
      { body: '{"query": "{ __typename }", "operationName": 5}' },
      'BAD_USER_INPUT',
      /"operationName" must be a string/,
    ],
    [
      'an operation that is not there',
      { body: `{"query": "query A { __typename }", "operationName": "${canary}"}` },
      'OPERATION_RESOLUTION_FAILURE',
      /"operationName"/,
    ],
    [
      'an operation with an empty name, which none has',
      { body: '{"query": "query A { __typename }", "operationName": ""}' },
      'OPERATION_RESOLUTION_FAILURE',
      /no operation of the name given/,
    ],
    [
      'two operations and no name',
      { body: '{"query": "query A { __typename } query B { __typename }"}' },
      'OPERATION_RESOLUTION_FAILURE',
      /operationName/,
    ],
    ['fragments only', { body: '{"query": "fragment A on Query { __typename }"}' }, 'GRAPHQL_VALIDATION_FAILED', /A/],
    [
      'a hash for a document',
      { body: `{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "${canary}"}}}` },
      'PERSISTED_DOCUMENT_NOT_FOUND',
      /"query"/,
    ],
    [
      'a body of 4 MiB and one byte',
      { body: 'x'.repeat(4 * 1024 * 1024 + 1) },
      'PAYLOAD_TOO_LARGE',
      /at most 4194304 bytes/,
    ],
    [
      'text/plain',
      { headers: { 'content-type': 'text/plain' }, body: good },
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/json/,
    ],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: `query=${canary}` },
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/json/,
    ],
    [
      'a multipart upload',
      { headers: { 'content-type': 'multipart/form-data; boundary=a' }, body: canary },
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/json/,
    ],
    [
      'a made-up type',
      { headers: { 'content-type': `application/${canary}` }, body: good },
      'UNSUPPORTED_MEDIA_TYPE',
      /application\/json/,
    ],
    [
      'another charset',
      { headers: { 'content-type': 'application/json; charset=utf-16' }, body: good },
      'UNSUPPORTED_MEDIA_TYPE',
      /UTF-8/,
    ],
    [
      'a compressed body',
      { headers: { 'content-encoding': 'gzip' }, body: good },
      'UNSUPPORTED_MEDIA_TYPE',
      /Content-Encoding/,
    ],
    ...['GET', 'PUT', 'DELETE', 'PATCH'].map((method): [string, RequestInit, ErrorCode, RegExp] => [
      `the method ${method}`,
      { method, ...(method === 'GET' ? {} : { body: good }) },
      'METHOD_NOT_ALLOWED',
      /POST/,
    ]),
  ];

  it.each(cases)('%s', async (_name, init, code, says) => {
    expectRefused(await send(init), { code, says });
    for (const accept of Object.values(streamTypes)) {
      const headers = { ...(init.headers as Record<string, string>), accept };
      const answer = await send({ ...init, headers });
      // What is well-formed and no subscription comes as a stream of its one result.
      if (answer.status !== 200) expectRefused(answer, { code, says });
    }
  });

  it('a query by GET says which method to use', async () => {
    const url = `${gateway.graphqlUrl}?query=${encodeURIComponent(`{ ${canary}: __typename }`)}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${adminKey}` } });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toContain('POST');
    expect(await response.text()).not.toContain(canary);
  });
});

describe('the wrong transport', () => {
  const input = { idempotencyKey: 'wrong-transport', request: { model, prompt } };

  it('a subscription by plain POST says which transports there are', async () => {
    for (const accept of ['application/json', 'application/graphql-response+json', '*/*', 'text/html']) {
      const answer = await post({ query: stream, variables: { input } }, { accept });
      const says = /WebSocket.*text\/event-stream.*multipart\/mixed/;
      expectRefused(answer, { code: 'SUBSCRIPTION_TRANSPORT_REQUIRED', says });
    }
  });

  it('a query or a mutation over a WebSocket says where to send it', async () => {
    const expected: Expected = { code: 'BAD_USER_INPUT', says: /HTTP POST/ };
    await expectRefusedOnSocket({ query: `{ ${canary}: __typename }` }, expected);
    await expectRefusedOnSocket({ query: generate, variables: { input: input.request } }, expected);
  });
});

describe('a subscription refused before it begins, for a client that reads nothing but a stream', () => {
  it.each(Object.values(streamTypes))('is plain JSON with the status of its code: %s', async (accept) => {
    const query = (body: string) => JSON.stringify({ query: body });
    const cases: [body: string, code: ErrorCode][] = [
      [query(`subscription { generateStream(input: "${canary}"`), 'GRAPHQL_PARSE_FAILED'],
      [query(`subscription { ${canary} }`), 'GRAPHQL_VALIDATION_FAILED'],
      [query(stream), 'BAD_USER_INPUT'],
    ];
    for (const [body, code] of cases) {
      const headers = { ...json, accept, authorization: `Bearer ${adminKey}` };
      const response = await fetch(gateway.graphqlUrl, { method: 'POST', headers, body });
      expect(response.status).toBe(ERROR_TABLE[code].status);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
    }
  });
});

describe('an Accept header with application/json by name', () => {
  it('brings 200 for what is wrong inside GraphQL, as older clients want it, and the status of the code for the rest', async () => {
    const accept = `${streamTypes.multipart}, application/json`;
    const inside = await post({ query: stream, variables: { input: 5 } }, { accept });
    expect(inside.status).toBe(200);
    expect(inside.body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    const unknown = await post({ query: follow, variables: { id: 'gen_nobody' } }, { accept });
    expectRefused(unknown, { code: 'NOT_FOUND', says: /known to you/ });
    expectRefused(await post(`{"query": "${canary}`, { accept }), { code: 'BAD_USER_INPUT', says: /not valid JSON/ });
  });
});

describe('a subscription whose only field is left out', () => {
  it.each(['@skip(if: true)', '@include(if: $no)'])('by %s is refused, never run', async (directive) => {
    const input = `{ idempotencyKey: "left-out", request: { model: "${model}", prompt: "${prompt}" } }`;
    const declared = directive.includes('$') ? '($no: Boolean!)' : '';
    const field = `generateStream(input: ${input})`;
    const expected: Expected = { code: 'GRAPHQL_VALIDATION_FAILED', says: /no @skip or @include/ };
    for (const root of [`${field} ${directive} { sequence }`, `... ${directive} { ${field} { sequence } }`, '...A']) {
      const fragment = root === '...A' ? `fragment A on Subscription { ${field} ${directive} { sequence } }` : '';
      const query = `subscription ${declared} { ${root} } ${fragment}`;
      await expectRefusedOnStreams({ query, variables: { no: false } }, expected);
      expectRefused(await post({ query, variables: { no: false } }), expected);
    }
  });
});

describe('fragments without fields that double and end in a circle', () => {
  it('are refused at once on every transport', async () => {
    const fragments = Array.from({ length: 30 }, (_, index) => {
      const next = (index + 1) % 30;
      return `fragment F${index} on Subscription { ...F${next} ...F${next} }`;
    });
    const query = `subscription { ...F0 } ${fragments.join(' ')}`;
    const expected: Expected = { code: 'GRAPHQL_VALIDATION_FAILED', says: /fragment|schema/i };
    expectRefused(await post({ query }), expected);
    await expectRefusedOnStreams({ query }, expected);
  });
});

describe('ids and cursors', () => {
  const ids = (): [name: string, id: string][] => [
    ['an unknown id', 'gen_00000000000000000000000000'],
    ['an id that is none', `${canary} \u0000 id`],
    ['an empty id', ''],
    ['a name of every object', '__proto__'],
    ["someone else's id", foreignId],
  ];

  it('unknown or foreign: null and NOT_FOUND with a path, status 200, the same to the letter', async () => {
    const documents = {
      generation: 'query ($id: ID!) { field: generation(id: $id) { id text } }',
      node: 'query ($id: ID!) { field: node(id: $id) { id } }',
      cancelGeneration: 'mutation ($id: ID!) { field: cancelGeneration(input: { id: $id }) { generation { id } } }',
    };
    for (const [name, query] of Object.entries(documents)) {
      // A member: an admin sees what others' generations cost.
      const answers = await Promise.all(ids().map(([, id]) => post({ query, variables: { id } }, {}, webKey)));
      for (const { status, body } of answers) {
        expect({ name, status }).toEqual({ name, status: 200 });
        expect(body.data).toEqual({ field: null });
        expect(body.errors).toHaveLength(1);
        expect(body.errors[0]).toMatchObject({ path: ['field'], extensions: { code: 'NOT_FOUND' } });
        const { requestId: _requestId, ...extensions } = body.errors[0].extensions;
        const { requestId: _first, ...firstExtensions } = answers[0]?.body.errors[0].extensions ?? {};
        expect({ ...body.errors[0], extensions }).toEqual({
          ...answers[0]?.body.errors[0],
          extensions: firstExtensions,
        });
      }
    }
    // It was not cancelled either.
    const { data } = await gateway.send({
      query: 'query ($id: ID!) { generation(id: $id) { status } }',
      variables: { id: foreignId },
      key: otherKey,
    });
    expect(data.generation.status).toBe('SUCCEEDED');
  });

  it('unknown or foreign, followed: 404 before the stream begins', async () => {
    for (const [, id] of ids()) {
      const payload = { query: follow, variables: { id } };
      await expectRefusedOnStreams(payload, { code: 'NOT_FOUND', says: /known to you/ });
    }
  });

  it("a cursor of nobody's, of another generation, or changed", async () => {
    const foreign = Buffer.from(`${foreignId}.1`).toString('base64url');
    for (const after of ['', canary, 'é', '0', foreign, `${ownCursor}=`, ownCursor.toUpperCase(), `${ownCursor}A`]) {
      const payload = { query: follow, variables: { id: ownId, after } };
      await expectRefusedOnStreams(payload, { code: 'CURSOR_INVALID', says: /does not belong to this stream/ });
    }
  });

  it('a cursor for a stream that never began starts none', async () => {
    const input = { idempotencyKey: 'never-began', request: { model, prompt } };
    const payload = { query: stream, variables: { input, after: ownCursor } };
    await expectRefusedOnStreams(payload, { code: 'CURSOR_EXPIRED', says: /no longer kept/ });
  });
});

describe('a stream whose log has expired', () => {
  it('refuses its cursors and tells where to look instead', async () => {
    await using brief = await startGateway({ yaml: 'streams: { retentionMs: 0 }\n' });
    await using socket = await openSignedIn(brief.socketUrl, adminKey);
    const input = { idempotencyKey: 'brief', request: { model, prompt: 'Be brief' } };
    const query = stream.replace('sequence', 'cursor generationId');
    const first = (await socket.subscribe('a', { query, variables: { input } })).payload.data.generateStream;
    while ((await socket.next()).type !== 'complete');
    const variables = { id: first.generationId, after: first.cursor };
    // Logs are swept once a second.
    let refused = await socket.subscribe('b', { query: follow, variables });
    for (let count = 0; refused.type !== 'error' && count < 10_000; count++) {
      while ((await socket.next()).type !== 'complete');
      refused = await socket.subscribe(`b${count}`, { query: follow, variables });
    }
    expect(refused.type).toBe('error');
    expect(refused.payload[0].extensions.code).toBe('CURSOR_EXPIRED');
    expect(refused.payload[0].message).toMatch(/by its id/);
    expect(brief.simulator.bill().totals.requests).toBe(1);
  });
});

describe('a client that offers HTTP/2 on a plain connection', () => {
  it('is answered in HTTP/1.1', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const body = JSON.stringify({ query: '{ __typename }' });
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (answer.includes('__typename')) socket.end();
    });
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n` +
        `Authorization: Bearer ${adminKey}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).toMatch(/x-request-id/i);
  });
});
