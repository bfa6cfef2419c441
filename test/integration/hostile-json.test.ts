// JSON made to trip whoever reads it: names that every object has, nesting without end, numbers without bound, halves of
// characters. It is carried as the data it is, or refused in clear words; nothing leaks into other objects.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { everyTransport, sendOver } from '../support/every-transport.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';
import { openSignedIn, openWire } from '../support/wire.ts';

let server: TestServer;
const target = () => ({ url: server.url, key: 'good' });
beforeAll(async () => {
  server = await startTestServer();
  server.provider.onCall = (call) => {
    call.emit('fine');
    call.finish();
  };
});
afterAll(() => server.stop());
afterEach(() => {
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
  expect(server.defects).toEqual([]);
  // No object got a property, or lost one, because of what somebody sent.
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(String({})).toBe('[object Object]');
});

const fields =
  '__typename ... on GenerateSuccess { generation { text json toolCalls { arguments } } } ... on InvalidInputError { code path message } ... on OutputInvalidError { message pointers }';
const generate = `mutation ($input: GenerateInput!) { generate(input: $input) { ${fields} } }`;
const stream = 'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename } }';
const lastRequest = () => server.provider.calls.at(-1)?.call.request;
let keys = 0;

/** The same request by `generate` or, where there is no such thing, by a stream. */
function sendRequest(transport: (typeof everyTransport)[number], request: string) {
  const payload =
    transport === 'POST'
      ? `{"query":${JSON.stringify(generate)},"variables":{"input":${request}}}`
      : `{"query":${JSON.stringify(stream)},"variables":{"input":{"idempotencyKey":"json-${keys++}","request":${request}}}}`;
  return sendOver(transport, target(), payload);
}

const nested = (levels: number, open: '[' | '{"a":' = '['): string =>
  `${open.repeat(levels)}1${(open === '[' ? ']' : '}').repeat(levels)}`;

/** As JSON text, where `__proto__` is a name like any other. */
const poison =
  '{"__proto__":{"polluted":1,"toString":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1},"toString":1,"hasOwnProperty":1,"valueOf":{}}';

describe.each(everyTransport)('names that every object has, by %s', (transport) => {
  it('are data in the parameters of a tool, in its arguments, in labels', async () => {
    const request = `{"model":"chat","messages":[{"role":"ASSISTANT","toolCalls":[{"id":"1","name":"constructor","arguments":${poison}}]},{"role":"TOOL","toolCallId":"1","content":"x"}],"tools":[{"name":"__proto__","parameters":${poison}},{"name":"constructor","parameters":${poison}}],"labels":[{"name":"__proto__","value":"a"},{"name":"constructor","value":"b"}]}`;
    const { errors } = await sendRequest(transport, request);
    expect(errors).toEqual([]);
    const sent = lastRequest();
    expect(sent?.tools.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
    for (const { parameters } of sent?.tools ?? []) expect(JSON.stringify(parameters)).toBe(poison);
    expect(JSON.stringify(sent?.messages[0]?.toolCalls[0]?.arguments)).toBe(poison);
  });

  it.each([
    ['keywords', poison],
    ['names of properties', `{"type":"object","properties":${poison.replaceAll(/(?<=":)1/g, '{}')}}`],
    ['names that are required', '{"required":["__proto__","constructor","toString"]}'],
    ['a reference', '{"$ref":"#/__proto__/polluted"}'],
    ['another reference', '{"$ref":"#/constructor/prototype"}'],
    ['names of definitions', `{"$defs":${poison.replaceAll(/(?<=":)1/g, '{}')},"$ref":"#/$defs/constructor"}`],
  ])('are data, or refused, in a schema: as %s', async (_name, schema) => {
    server.provider.onCall = (call) => {
      call.emit(poison);
      call.finish();
    };
    const { errors, text } = await sendRequest(
      transport,
      `{"model":"chat","prompt":"hi","output":{"format":"JSON","schema":${schema}}}`,
    );
    server.provider.onCall = (call) => call.finish();
    for (const error of errors) expect(error.extensions['code']).toBe('INVALID');
    expect(text).toMatch(/GenerateSuccess|InvalidInputError|OutputInvalidError|GenerationStarted|"INVALID"/);
  });

  it('are no kinds of providers, no models, no roles', async () => {
    for (const input of [
      `{"model":"chat","prompt":"hi","providerOptions":${poison}}`,
      '{"model":"__proto__","prompt":"hi"}',
      '{"model":"constructor","prompt":"hi"}',
    ]) {
      expect((await sendRequest(transport, input)).text).toMatch(/"code":"(INVALID|MODEL_NOT_FOUND)"/);
    }
    for (const input of [
      `{"model":"chat","prompt":"hi","__proto__":${poison}}`,
      '{"model":"chat","prompt":"hi","constructor":1}',
      '{"model":"chat","messages":[{"role":"constructor","content":"hi"}]}',
      '{"model":"chat","messages":[{"role":"__proto__","content":"hi"}]}',
    ]) {
      const { errors } = await sendRequest(transport, input);
      expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('are nothing special around the operation', async () => {
    const query =
      transport === 'WebSocket'
        ? 'subscription constructor ($__proto__: ID!) { __proto__: generationEvents(generationId: $__proto__) { sequence } }'
        : 'query constructor ($__proto__: ID!) { __proto__: generation(id: $__proto__) { id } constructor: __typename ...toString } fragment toString on Query { prototype: __typename }';
    const payload = `{"query":${JSON.stringify(query)},"operationName":"constructor","variables":{"__proto__":"gen_1","constructor":${poison}},"extensions":${poison},"__proto__":${poison},"constructor":${poison}}`;
    const { errors, results, text } = await sendOver(transport, target(), payload);
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual([
      expect.stringMatching(/^(NOT_FOUND|BAD_USER_INPUT)$/),
    ]);
    if (transport === 'WebSocket') return;
    expect(results[0]?.data).toMatchObject({ constructor: 'Query', prototype: 'Query' });
    expect(text).toContain('"__proto__":null');
  });
});

describe('names that every object has', () => {
  it('are data as literals, too', async () => {
    const literal = poison.replaceAll(/"(\w+)":/g, '$1:');
    const query = `mutation { generate(input: { model: "chat", prompt: "hi", tools: [{ name: "a", parameters: ${literal} }] }) { __typename } }`;
    expect((await server.post({ query })).body.data).toEqual({ generate: { __typename: 'GenerateSuccess' } });
    expect(JSON.stringify(lastRequest()?.tools[0]?.parameters)).toBe(poison);
  });

  it('come back from the model as they were written', async () => {
    server.provider.onCall = (call) => {
      call.emit(poison);
      call.emitDelta({ type: 'tool-call', index: 0, id: '1', name: 'a', argumentsText: poison });
      call.finish();
    };
    const answer = await server.post({ query: generate, variables: { input: { model: 'chat', prompt: 'hi' } } });
    expect(answer.text).toContain(`"arguments":${poison}`);
    server.provider.onCall = (call) => {
      call.emit(poison);
      call.finish();
    };
    const input = { model: 'chat', prompt: 'hi', output: { format: 'JSON' } };
    expect((await server.post({ query: generate, variables: { input } })).text).toContain(`"json":${poison}`);
  });

  it('are no credentials of a socket, and do not hide them', async () => {
    const url = server.url.replace('http', 'ws');
    await using none = await openWire(url);
    none.send(
      '{"type":"connection_init","payload":{"__proto__":{"authorization":"Bearer good"},"constructor":{"authorization":"Bearer good"}}}',
    );
    expect((await none.closed).code).toBe(4401);
    await using some = await openWire(url);
    some.send(
      `{"type":"connection_init","payload":{"__proto__":${poison},"headers":{"__proto__":${poison},"Authorization":"Bearer good"}}}`,
    );
    expect((await some.next()).type).toBe('connection_ack');
  });

  it('are fine as idempotency keys, ids of operations and names of messages', async () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const input = { model: 'chat', prompt: key, idempotencyKey: key };
      for (const _time of [1, 2]) {
        expect((await server.post({ query: generate, variables: { input } })).text).toContain('GenerateSuccess');
      }
    }
    await using wire = await openSignedIn(server.url.replace('http', 'ws'), 'good');
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect((await wire.subscribe(id, { query: '{ __typename }' })).type).toBe('error');
    }
  });
});

describe.each(everyTransport)('JSON nested nearly 10,000 deep, by %s', (transport) => {
  it.each([
    ['lists', nested(9_990)],
    ['objects', nested(9_990, '{"a":')],
  ])('is refused in words where it is read, and nothing else: %s', async (_name, deep) => {
    const parameters = `{"a":${deep}}`;
    for (const field of [
      `"tools":[{"name":"a","parameters":${parameters}}]`,
      `"output":{"format":"JSON","schema":${parameters}}`,
      `"providerOptions":{"openai":${parameters}}`,
      `"messages":[{"role":"ASSISTANT","toolCalls":[{"id":"1","name":"a","arguments":${parameters}}]}]`,
    ]) {
      const { errors } = await sendRequest(transport, `{"model":"chat","prompt":"hi",${field}}`);
      expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
      expect(errors[0]?.message).toContain('nested deeper than 64 levels');
    }
    for (const field of [`"stop":${deep}`, `"prompt":${deep}`, `"labels":${deep}`, `"model":${deep}`]) {
      const { errors } = await sendRequest(transport, `{"model":"chat",${field}}`);
      expect(errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('is nobody’s business where nothing reads it', async () => {
    const deep = nested(9_990);
    const query =
      transport === 'WebSocket'
        ? 'subscription { generationEvents(generationId: "no") { sequence } }'
        : '{ __typename }';
    const payload = `{"query":${JSON.stringify(query)},"variables":{"unused":${deep}},"extensions":{"a":${deep}},"more":${deep}}`;
    const { errors } = await sendOver(transport, target(), payload);
    expect(errors.map(({ extensions }) => extensions['code'])).toEqual(transport === 'WebSocket' ? ['NOT_FOUND'] : []);
  });
});

describe('JSON nested 10,000 deep', () => {
  it('is no business of a socket’s either', async () => {
    await using wire = await openWire(server.url.replace('http', 'ws'));
    const deep = nested(9_990);
    wire.send(`{"type":"connection_init","payload":{"authorization":"Bearer good","a":${deep},"headers":${deep}}}`);
    expect((await wire.next()).type).toBe('connection_ack');
    wire.send(`{"type":"ping","payload":{"a":${deep}}}`);
    expect((await wire.next()).type).toBe('pong');
    wire.send(deep);
    expect((await wire.closed).code).toBe(4400);
  });

  it.each([
    ['lists', nested(10_000)],
    ['objects', nested(10_000, '{"a":')],
    ['a level too many', nested(513)],
  ])('written by a model is no valid output, and says why: %s', async (_name, deep) => {
    server.provider.onCall = (call) => {
      call.emit(deep);
      call.finish();
    };
    for (const output of [
      { format: 'JSON' },
      { format: 'JSON', schema: { items: { $ref: '#' }, additionalProperties: { $ref: '#' } } },
    ]) {
      const answer = await server.post({
        query: generate,
        variables: { input: { model: 'chat', prompt: 'hi', output } },
      });
      expect(answer.body.data).toEqual({
        generate: {
          __typename: 'OutputInvalidError',
          message: 'The JSON is nested deeper than 512 levels.',
          pointers: [''],
        },
      });
    }
  });

  it('written by a model as arguments is no valid call', async () => {
    server.provider.onCall = (call) => {
      call.emitDelta({ type: 'tool-call', index: 0, id: '1', name: 'a', argumentsText: `{"a":${nested(10_000)}}` });
      call.finish();
    };
    const answer = await server.post({ query: generate, variables: { input: { model: 'chat', prompt: 'hi' } } });
    expect(answer.body.data).toMatchObject({
      generate: { __typename: 'OutputInvalidError', pointers: ['/toolCalls/0/arguments'] },
    });
  });

  it('at the deepest that is taken goes through', async () => {
    server.provider.onCall = (call) => {
      call.emit(nested(512));
      call.finish();
    };
    const input = { model: 'chat', prompt: 'hi', output: { format: 'JSON', schema: { items: { $ref: '#' } } } };
    expect((await server.post({ query: generate, variables: { input } })).text).toContain(`"json":${nested(512)}`);
  });
});

describe.each(everyTransport)('numbers, characters and names that are written twice, by %s', (transport) => {
  it.each([
    ['a number beyond all bounds', '1e999'],
    ['the same below zero', '-1e999'],
    ['a list of them', '[1,[2,-1e400]]'],
  ])('%s is no number', async (_name, number) => {
    const parameters = `{"a":${number}}`;
    const { errors } = await sendRequest(
      transport,
      `{"model":"chat","prompt":"hi","tools":[{"name":"a","parameters":${parameters}}]}`,
    );
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/parameters: expected a finite number/),
    ]);
  });

  it('a number of 20,000 digits is a number, or too large for where it stands', async () => {
    server.provider.onCall = (call) => call.finish();
    const digits = '9'.repeat(300);
    const { errors } = await sendRequest(
      transport,
      `{"model":"chat","prompt":"hi","tools":[{"name":"a","parameters":{"a":${digits},"b":0.${'3'.repeat(20_000)}}}]}`,
    );
    expect(errors).toEqual([]);
    expect(lastRequest()?.tools[0]?.parameters).toEqual({ a: 1e300, b: 1 / 3 });
    const refused = await sendRequest(transport, `{"model":"chat","prompt":"hi","maxOutputTokens":${digits}}`);
    expect(refused.errors.map(({ extensions }) => extensions['code'])).toEqual(['BAD_USER_INPUT']);
  });

  it('half a character in a prompt goes to the model as it is, in a label it is refused', async () => {
    const { errors } = await sendRequest(transport, '{"model":"chat","prompt":"half \\ud83d of it"}');
    expect(errors).toEqual([]);
    expect(lastRequest()?.messages[0]?.parts).toEqual([{ type: 'text', text: 'half \ud83d of it' }]);
    for (const value of ['\\ud83d', 'a\\nb', '\\u0000', '\\u2028', '\\u001b[2J']) {
      const { text } = await sendRequest(
        transport,
        `{"model":"chat","prompt":"hi","labels":[{"name":"a","value":"${value}"}]}`,
      );
      expect(text).toContain('no line breaks or control characters');
    }
  });

  it('of a name that is written twice the last counts, for everybody alike', async () => {
    const { errors } = await sendRequest(transport, '{"model":"no","prompt":"first","prompt":"last","model":"chat"}');
    expect(errors).toEqual([]);
    expect(lastRequest()?.messages).toMatchObject([{ parts: [{ text: 'last' }] }]);
  });
});

describe('bytes that are no text', () => {
  it('end a socket that sends them', async () => {
    const url = server.url.replace('http', 'ws');
    await using broken = await openSignedIn(url, 'good');
    broken.socket.send(Buffer.from([0x7b, 0xff, 0x7d]), { binary: false });
    expect((await broken.closed).code).toBe(1007);
    await using binary = await openSignedIn(url, 'good');
    binary.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect(await binary.closed).toEqual({ code: 4400, reason: 'Messages must be text' });
  });
});
