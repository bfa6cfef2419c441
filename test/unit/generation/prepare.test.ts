import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../../src/core/json.ts';
import type { CallInput } from '../../../src/generation/call-input.ts';
import { fingerprintOf } from '../../../src/generation/fingerprint.ts';
import { createTestGenerations, testCaller } from '../../support/create-test-generations.ts';
import { propertyRun } from '../../support/property.ts';

const SECRET = 'canary-of-the-prompt';

describe('preparing a call', () => {
  const test = createTestGenerations();
  afterAll(() => test.close());

  const user = (changes: object = {}) => ({ role: 'USER' as const, content: SECRET, ...changes });
  const assistant = { role: 'ASSISTANT' as const, toolCalls: [{ id: 'c1', name: 'look', arguments: {} }] };
  const tool = (changes: object = {}) => ({ name: 'look', parameters: { type: 'object' }, ...changes });

  const refused: [string, Partial<CallInput>, string, string[]][] = [
    ['an unknown model', { model: SECRET, prompt: 'x' }, 'MODEL_NOT_FOUND', ['model']],
    ['neither prompt nor messages', {}, 'INVALID', []],
    ['both prompt and messages', { prompt: SECRET, messages: [user()] }, 'INVALID', ['messages']],
    ['an empty prompt', { prompt: ' \n' }, 'INVALID', ['prompt']],
    ['a prompt longer than the model reads', { prompt: SECRET.repeat(1000) }, 'CONTEXT_TOO_LONG', ['prompt']],
    ['no messages', { messages: [] }, 'INVALID', ['messages']],
    [
      'two calls of one message with the same id',
      { messages: [user(), { ...assistant, toolCalls: [assistant.toolCalls[0], assistant.toolCalls[0]] }] } as object,
      'INVALID',
      ['messages', '1', 'toolCalls', '1', 'id'],
    ],
    ['an empty message', { messages: [user({ content: '' })] }, 'INVALID', ['messages', '0', 'content']],
    ['only system messages', { messages: [user({ role: 'SYSTEM' })] }, 'INVALID', ['messages']],
    ['content and parts', { messages: [user({ parts: [{ text: 'x' }] })] }, 'INVALID', ['messages', '0', 'parts']],
    ['thinking below one token', { prompt: 'x', reasoning: { maxTokens: 0 } }, 'INVALID', ['reasoning', 'maxTokens']],
    [
      'thinking that leaves no room for the answer',
      { model: 'thinker', prompt: 'x', maxOutputTokens: 100, reasoning: { maxTokens: 100 } },
      'INVALID',
      ['reasoning', 'maxTokens'],
    ],
    [
      'options for no kind of provider',
      { prompt: 'x', providerOptions: { nobody: {} } },
      'INVALID',
      ['providerOptions', 'nobody'],
    ],
    [
      'options that are no object',
      { prompt: 'x', providerOptions: { openai: [] } },
      'INVALID',
      ['providerOptions', 'openai'],
    ],
    [
      'a part that is two things',
      { messages: [user({ content: null, parts: [{ text: SECRET, imageUrl: 'https://example.com/x' }] })] },
      'INVALID',
      ['messages', '0', 'parts', '0'],
    ],
    [
      'an image that is no web address',
      { messages: [user({ content: null, parts: [{ imageUrl: 'file:///etc/passwd' }] })] },
      'INVALID',
      ['messages', '0', 'parts', '0', 'imageUrl'],
    ],
    [
      'an image without its type',
      { messages: [user({ content: null, parts: [{ imageBase64: 'AAAA' }] })] },
      'INVALID',
      ['messages', '0', 'parts', '0', 'mediaType'],
    ],
    [
      'an image that is not base64',
      { messages: [user({ content: null, parts: [{ imageBase64: 'A A!', mediaType: 'image/png' }] })] },
      'INVALID',
      ['messages', '0', 'parts', '0', 'imageBase64'],
    ],
    [
      'a tool result for no call',
      { messages: [user(), { role: 'TOOL', content: 'x', toolCallId: 'c9' }] },
      'INVALID',
      ['messages', '1', 'toolCallId'],
    ],
    [
      'a tool result that says not which',
      { messages: [user(), assistant, { role: 'TOOL', content: 'x' }] },
      'INVALID',
      ['messages', '2', 'toolCallId'],
    ],
    [
      'tool calls of a user',
      { messages: [user(assistant), user()].map((m) => ({ ...m, role: 'USER' as const })) },
      'INVALID',
      ['messages', '0', 'toolCalls'],
    ],
    ['no output tokens', { prompt: 'x', maxOutputTokens: 0 }, 'INVALID', ['maxOutputTokens']],
    ['negative output tokens', { prompt: 'x', maxOutputTokens: -5 }, 'INVALID', ['maxOutputTokens']],
    ['absurd output tokens', { prompt: 'x', maxOutputTokens: 2_000_000_000 }, 'INVALID', ['maxOutputTokens']],
    ['a NaN temperature', { prompt: 'x', temperature: Number.NaN }, 'INVALID', ['temperature']],
    ['a hot temperature', { prompt: 'x', temperature: 2.1 }, 'INVALID', ['temperature']],
    ['a negative topP', { prompt: 'x', topP: -0.1 }, 'INVALID', ['topP']],
    ['five stops', { prompt: 'x', stop: ['a', 'b', 'c', 'd', 'e'] }, 'INVALID', ['stop']],
    ['an empty stop', { prompt: 'x', stop: ['a', ''] }, 'INVALID', ['stop', '1']],
    ['a bad tool name', { prompt: 'x', tools: [tool({ name: 'a b' })] }, 'INVALID', ['tools', '0', 'name']],
    ['two equal tools', { prompt: 'x', tools: [tool(), tool()] }, 'INVALID', ['tools', '1', 'name']],
    [
      'tool parameters of another type',
      { prompt: 'x', tools: [tool({ parameters: { type: 'string' } })] },
      'INVALID',
      ['tools', '0', 'parameters'],
    ],
    [
      'a choice of no tool',
      { prompt: 'x', tools: [tool()], toolChoice: { mode: 'TOOL', name: 'other' } },
      'INVALID',
      ['toolChoice', 'name'],
    ],
    ['a required tool without tools', { prompt: 'x', toolChoice: { mode: 'REQUIRED' } }, 'INVALID', ['toolChoice']],
    ['a schema for text', { prompt: 'x', output: { format: 'TEXT', schema: {} } }, 'INVALID', ['output', 'schema']],
    [
      'a schema that is none',
      { prompt: 'x', output: { format: 'JSON', schema: { type: SECRET } } },
      'INVALID',
      ['output', 'schema'],
    ],
    ['a key with a line break', { prompt: 'x', idempotencyKey: 'a\nb' }, 'INVALID', ['idempotencyKey']],
    ['an endless key', { prompt: 'x', idempotencyKey: 'k'.repeat(256) }, 'INVALID', ['idempotencyKey']],
    ['a time-out of 0', { prompt: 'x', timeoutMs: 0 }, 'INVALID', ['timeoutMs']],
    ['a bad label', { prompt: 'x', labels: [{ name: 'a b', value: 'c' }] }, 'INVALID', ['labels', '0', 'name']],
    [
      'a label twice',
      {
        prompt: 'x',
        labels: [
          { name: 'a', value: 'c' },
          { name: 'a', value: 'd' },
        ],
      },
      'INVALID',
      ['labels', '1', 'name'],
    ],
    ['tools of a model without', { model: 'plain', prompt: 'x', tools: [tool()] }, 'CAPABILITY_MISSING', ['tools']],
    [
      'a schema of a model without',
      { model: 'plain', prompt: 'x', output: { format: 'JSON', schema: {} } },
      'CAPABILITY_MISSING',
      ['output', 'schema'],
    ],
    [
      'images of a model without',
      { model: 'plain', messages: [user({ content: null, parts: [{ imageUrl: 'https://example.com/x.png' }] })] },
      'CAPABILITY_MISSING',
      ['messages'],
    ],
  ];

  it.each(refused)('refuses %s, naming the place and repeating nothing', (_what, input, code, path) => {
    const result = test.generations.prepare({ model: 'chat', ...input }, test.asker(), ['input']);
    expect(result).toMatchObject({ type: 'INVALID_INPUT', code, path: ['input', ...path] });
    expect(JSON.stringify(result)).not.toContain(SECRET);
  });

  const withImage = (imageUrl: string) =>
    test.generations.prepare(
      { model: 'chat', messages: [user({ content: null, parts: [{ text: 'x' }, { imageUrl }] })] },
      test.asker(),
      ['input'],
    );

  it.each(
    `https://127.0.0.1/x https://2130706433/x https://0x7f.1/x https://[::1]/x https://[::ffff:127.0.0.1]/x https://0/x
     https://10.0.0.1/x https://192.168.1.1/x https://169.254.169.254/latest/meta-data https://[fd00:ec2::254]/x
     https://localhost/x https://localhost./x https://a.localhost:9/x https://printer.local/x https://redis:6379/x
     https://metadata.google.internal/x http://other.internal/x http://example.com/x https://u:p@pictures.internal/x`.split(
      /\s+/,
    ),
  )('refuses an image at %s before anybody fetches it', (url) => {
    expect(withImage(url)).toMatchObject({
      code: 'INVALID',
      path: ['input', 'messages', '0', 'parts', '1', 'imageUrl'],
      message: expect.stringMatching(/^imageUrl (?:leads to a private network|must be an https)/),
    });
  });

  it.each([
    'https://example.com/x',
    'https://8.8.8.8/x',
    'https://pictures.internal/x',
    'http://pictures.internal:81/x',
  ])('takes an image at %s', (url) => expect(withImage(url)).toMatchObject({ type: 'PREPARED' }));

  it('hides a model that the caller may not use', () => {
    const caller = { ...testCaller, allowedModels: new Set(['plain']) };
    const result = test.generations.prepare({ model: 'chat', prompt: 'x' }, test.asker(caller), ['input']);
    expect(result).toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('lowers a cap above what the model can write, and says so', () => {
    const { request, clampedBy } = test.prepare({ prompt: 'x', maxOutputTokens: 501 });
    expect([request.maxOutputTokens, clampedBy]).toEqual([500, 'MODEL']);
    expect(test.prepare({ prompt: 'x' }).request.maxOutputTokens).toBe(100);
  });

  it('warns where no price is known, and estimates no cost there', () => {
    const call = test.prepare({ model: 'unpriced', prompt: 'x' });
    expect(call.warnings).toHaveLength(1);
    expect(test.generations.estimate(call).maxCostNanoUsd).toBeUndefined();
    expect(test.generations.estimate(test.prepare({ prompt: 'x' })).maxCostNanoUsd).toBeGreaterThanOrEqual(200_000n);
  });

  it('estimates the input as if all of it were written to the cache, where that costs more', () => {
    const call = test.prepare({ prompt: 'x' });
    const { inputTokens, maxCostNanoUsd } = test.generations.estimate(call);
    expect(maxCostNanoUsd).toBe(BigInt(inputTokens) * 1_250n + 200_000n);
    const prices = call.prices && { ...call.prices, cacheWriteMicroUsd: 0n };
    const cheaper = test.generations.estimate({ ...call, prices }).maxCostNanoUsd;
    expect(cheaper).toBe(BigInt(inputTokens) * 1_000n + 200_000n);
  });

  it('what was asked for and is not sent is said in warnings', () => {
    const reasoning = { effort: 'HIGH' as const };
    expect(test.prepare({ model: 'thinker', prompt: 'x', reasoning })).toMatchObject({
      request: { reasoning: { effort: 'HIGH', maxTokens: undefined } },
      warnings: [],
    });
    expect(test.prepare({ prompt: 'x', reasoning })).toMatchObject({
      request: { reasoning: undefined },
      warnings: ['reasoning was not sent: chat has no REASONING.'],
    });
    expect(test.prepare({ messages: [user({ cacheBreakpoint: true })] }).warnings).toEqual([
      'cacheBreakpoint was not sent.',
    ]);
  });

  it.each([
    ['an empty batch', { items: [] }, 'items'],
    ['101 items', { items: Array.from({ length: 101 }, () => ({ model: 'chat', prompt: 'x' })) }, 'items'],
    ['no concurrency', { items: [{ model: 'chat', prompt: 'x' }], concurrency: 0 }, 'concurrency'],
    ['a bad batch key', { items: [{ model: 'chat', prompt: 'x' }], idempotencyKey: '' }, 'idempotencyKey'],
  ])('refuses %s as a whole', (_what, input, field) => {
    expect(() => test.generations.prepareBatch(input, test.asker(), ['input'])).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', inputPath: ['input', field] }),
    );
  });

  it('refuses one item of a batch without touching the others', () => {
    const items = [
      { model: 'chat', prompt: 'x' },
      { model: 'no' },
      { model: 'chat', prompt: 'y', idempotencyKey: 'k' },
    ];
    const types = (key?: string) =>
      test.generations
        .prepareBatch({ items, idempotencyKey: key }, test.asker(), ['input'])
        .items.map((item) => item.type);
    expect(types()).toEqual(['PREPARED', 'INVALID_INPUT', 'PREPARED']);
    expect(types('batch')).toEqual(['PREPARED', 'INVALID_INPUT', 'INVALID_INPUT']);
  });
});

describe('endUserId', () => {
  const test = createTestGenerations();
  afterAll(() => test.close());
  const speaker = { ...testCaller, mayActForEndUsers: true };
  const prepared = (endUserId: string | null | undefined, caller = speaker) =>
    test.generations.prepare({ model: 'chat', prompt: 'p', idempotencyKey: 'k', endUserId }, test.asker(caller), [
      'input',
    ]);

  it.each(['u', 'x'.repeat(256), 'Zoë 名 #42', ' a '])('is carried as it was given: %s', (endUserId) => {
    expect(prepared(endUserId)).toMatchObject({ type: 'PREPARED', endUserId });
  });

  it.each(['', '  ', 'x'.repeat(257), 'a\nb', 'a\u0000', 'a\u2028b', '\ud800'])('is refused: %j', (endUserId) => {
    expect(prepared(endUserId)).toMatchObject({ type: 'INVALID_INPUT', code: 'INVALID', path: ['input', 'endUserId'] });
  });

  it('is refused from keys without the right, and from users, whose tokens say who they are', () => {
    const refusals = [testCaller, { ...speaker, principalKind: 'USER' as const, userId: 'someone' }].map((caller) =>
      prepared(SECRET, caller),
    );
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ type: 'INVALID_INPUT', code: 'INVALID', path: ['input', 'endUserId'] });
      expect(JSON.stringify(refusal)).not.toContain(SECRET);
    }
    expect(refusals).toMatchObject([
      { message: expect.stringContaining('may not speak for end users') },
      { message: expect.stringContaining('your token') },
    ]);
    expect(prepared(null, testCaller)).toMatchObject({ type: 'PREPARED', endUserId: undefined });
  });

  it('is part of the question: the same for another user is another call', () => {
    const fingerprint = (endUserId: string | undefined) => {
      const call = prepared(endUserId);
      return call.type === 'PREPARED' ? call.idempotency?.fingerprint : undefined;
    };
    expect(new Set([fingerprint('a'), fingerprint('b'), fingerprint(undefined)]).size).toBe(3);
    expect(fingerprint('a')).toBe(fingerprint('a'));
  });

  it('holds for each item of a batch by itself', () => {
    const items = [{ endUserId: 'a' }, { endUserId: '' }, {}].map((each) => ({ model: 'chat', prompt: 'p', ...each }));
    const batch = test.generations.prepareBatch({ items }, test.asker(speaker), ['input']);
    expect(batch.items).toMatchObject([
      { type: 'PREPARED', endUserId: 'a' },
      { type: 'INVALID_INPUT', path: ['input', 'items', '1', 'endUserId'] },
      { type: 'PREPARED', endUserId: undefined },
    ]);
  });

  it('stays with the generation, and out of what the provider is sent', async () => {
    const call = test.prepare({ prompt: 'p', endUserId: SECRET }, speaker);
    const running = test.generations.generate(call, new AbortController().signal);
    const upstream = test.provider.calls.at(-1);
    upstream?.finish();
    expect(await running).toMatchObject({ terminal: { generation: { endUserId: SECRET } } });
    expect(JSON.stringify(upstream?.call.request)).not.toContain(SECRET);
  });
});

describe('the fingerprint of an input', () => {
  it('is the same whatever the order of members, absent or null, and what is not the question', () => {
    const left = fingerprintOf({
      model: 'm',
      prompt: 'x',
      labels: [{ name: 'a', value: 'b' }],
      timeoutMs: 5,
      seed: null,
    });
    const right = fingerprintOf({ prompt: 'x', model: 'm', idempotencyKey: 'k' });
    expect(left).toBe(right);
  });

  it('tells null from absent inside JSON of the caller', () => {
    const withSchema = (schema: { readonly [key: string]: null | string }) =>
      fingerprintOf({ model: 'm', prompt: 'x', output: { format: 'JSON', schema } });
    expect(withSchema({ const: null })).not.toBe(withSchema({}));
  });

  it('differs when any part of the question differs (property)', () => {
    const question = fc.record(
      {
        prompt: fc.string(),
        temperature: fc.constantFrom(0, 0.5, 1),
        stop: fc.array(fc.string(), { maxLength: 2 }),
        tools: fc.array(
          fc.record({
            name: fc.string(),
            parameters: fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<JsonValue>),
          }),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(question, question, (left, right) => {
        const same = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
        expect(fingerprintOf({ model: 'm', ...left }) === fingerprintOf({ model: 'm', ...right })).toBe(same);
      }),
      propertyRun(200),
    );
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => ({ name, member: sorted(member) }));
}
