import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Behaviour, BillEntry, ScriptRule } from '../../../src/simulator/types.ts';
import { propertyRun } from '../../support/property.ts';
import { startTestSimulator, type TestSimulator } from '../../support/start-simulator.ts';

interface Frame {
  readonly choices?: readonly {
    readonly delta: { readonly content?: string; readonly reasoning_content?: string };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Usage | null;
  readonly error?: { readonly message: string };
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

const PROMPT = 'How does a gateway keep the costs of model calls down?';

function send(simulator: TestSimulator, body: object = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${simulator.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'sim-instant', messages: [{ role: 'user', content: PROMPT }], ...body }),
    ...init,
  });
}

const streamed = { stream: true, stream_options: { include_usage: true } };
const promptOf = (content: string) => ({ messages: [{ role: 'user', content }] });

function framesOf(body: string): readonly Frame[] {
  return body
    .split(/\r?\n\r?\n/)
    .filter((frame) => frame.startsWith('data: ') && frame !== 'data: [DONE]')
    .map((frame) => JSON.parse(frame.slice('data: '.length)) as Frame);
}

const textOf = (frames: readonly Frame[]) => frames.map((frame) => frame.choices?.[0]?.delta.content ?? '').join('');

async function plainText(
  simulator: TestSimulator,
  body: object = {},
): Promise<{ text: string; finish: string; usage: Usage }> {
  const answer = (await (await send(simulator, body)).json()) as {
    choices: [{ message: { content: string }; finish_reason: string }];
    usage: Usage;
  };
  const [choice] = answer.choices;
  return { text: choice.message.content, finish: choice.finish_reason, usage: answer.usage };
}

async function ended(simulator: TestSimulator, count = 1): Promise<BillEntry> {
  const bill = await simulator.waitFor(({ requests, inFlight }) => requests.length === count && inFlight === 0);
  return bill.requests.at(-1) as BillEntry;
}

/** Reads what comes before the connection goes. */
async function readUntilCut(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true });
  } catch {
    return text;
  }
  throw new Error('the answer came to a proper end');
}

describe('answers', () => {
  it('are the same for the same request and seed, streamed or not, in every simulator', async () => {
    await using one = await startTestSimulator({ seed: 7 });
    await using two = await startTestSimulator({ seed: 7 });
    const plain = await plainText(one);
    const stream = framesOf(await (await send(two, streamed)).text());
    expect(textOf(stream)).toBe(plain.text);
    expect(stream.at(-1)?.usage).toEqual(plain.usage);
  });

  it('of streams join to the text on the bill, whatever the prompt', async () => {
    await using simulator = await startTestSimulator();
    const part = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom('שלום', 'e\u0301', '👩‍👩‍👧', 'مرحبا'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const prompt = promptOf(`Tell me about ${parts.join(' ')}`);
        simulator.reset();
        const frames = framesOf(await (await send(simulator, { ...prompt, ...streamed })).text());
        const entry = await ended(simulator);
        expect(textOf(frames)).toBe(entry.text);
        expect(entry.completionTokens).toBe(frames.at(-1)?.usage?.completion_tokens);
        expect(entry.tokensWritten).toBe(entry.completionTokens);
      }),
      propertyRun(40),
    );
  });

  it('end before a stop sequence', async () => {
    await using simulator = await startTestSimulator();
    const { text } = await plainText(simulator);
    const cut = await plainText(simulator, { stop: ['no such words', '. '] });
    expect(cut).toMatchObject({ text: text.slice(0, text.indexOf('. ')), finish: 'stop' });
  });

  it.each(['max_tokens', 'max_completion_tokens'])('end at %s', async (name) => {
    await using simulator = await startTestSimulator();
    const { text } = await plainText(simulator);
    const cut = await plainText(simulator, { [name]: 7 });
    expect(cut).toMatchObject({ finish: 'length', usage: { completion_tokens: 7 } });
    expect(text.startsWith(cut.text)).toBe(true);
  });

  it('of a reasoning model show their reasoning and bill it apart', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ model: 'sim-smart', latencyMs: 0, firstTokenMs: 0, tokensPerSecond: 0 });
    const frames = framesOf(await (await send(simulator, { model: 'sim-smart', ...streamed })).text());
    const reasoning = frames.map((frame) => frame.choices?.[0]?.delta.reasoning_content ?? '').join('');
    expect(reasoning).toContain('The question is about');
    const reasoned = frames.at(-1)?.usage?.completion_tokens_details.reasoning_tokens ?? 0;
    expect(reasoned).toBeGreaterThan(10);
    expect((await ended(simulator)).reasoningTokens).toBe(reasoned);
  });

  it('without usage asked for have none in the stream', async () => {
    await using simulator = await startTestSimulator();
    const frames = framesOf(await (await send(simulator, { stream: true })).text());
    expect(frames.every((frame) => frame.usage === undefined)).toBe(true);
  });
});

describe('refusals', () => {
  it.each([
    ['an unknown model', { model: 'sim-unknown' }, 404, /does not exist/],
    ['no messages', { messages: undefined }, 400, /Missing required parameter: 'messages'/],
    ['empty messages', { messages: [] }, 400, /empty array/],
    ['an unknown parameter', { max_token: 5 }, 400, /Unknown parameter: 'max_token'/],
    ['a temperature out of range', { temperature: 2.5 }, 400, /Expected a value <= 2/],
    ['an output cap above the limit', { max_tokens: 1_000_000 }, 400, /max_tokens is too large/],
    ['a prompt beyond the context', promptOf('word '.repeat(130_000)), 400, /maximum context length/],
    ['stream options without a stream', { stream_options: { include_usage: true } }, 400, /only allowed when/],
    ['JSON mode without the word', { response_format: { type: 'json_object' } }, 400, /must contain the word 'json'/],
    ['a tool choice without tools', { tool_choice: 'required' }, 400, /only allowed when 'tools'/],
    ['a tool message out of place', { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] }, 400, /preceding/],
    [
      'an image that is none',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:text/plain;base64,aGk=' } }] },
        ],
      },
      400,
      /unsupported image/,
    ],
  ])('of %s are told in the words of the API and cost nothing', async (_what, body, status, message) => {
    await using simulator = await startTestSimulator();
    const response = await send(simulator, body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as Frame).error?.message).toMatch(message);
    expect(await ended(simulator)).toMatchObject({ status, promptTokens: 0, completionTokens: 0, state: 'COMPLETED' });
  });

  it('ask for the key where one is set', async () => {
    await using simulator = await startTestSimulator({ apiKey: 'right' });
    const authorization = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
    expect((await send(simulator)).status).toBe(401);
    expect((await send(simulator, {}, authorization('wrong'))).status).toBe(401);
    expect((await send(simulator, {}, authorization('right'))).status).toBe(200);
  });

  it('name the parameter when the body is no JSON object', async () => {
    await using simulator = await startTestSimulator();
    expect((await send(simulator, {}, { body: '{"model":' })).status).toBe(400);
    expect((await send(simulator, {}, { body: '[]' })).status).toBe(400);
  });
});

describe('the bill', () => {
  it('charges an aborted stream for its input and what was written before the close', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: Array.from({ length: 50 }, (_, index) => `t${index} `), hang: { afterTokens: 12 } });
    const controller = new AbortController();
    const response = await send(simulator, { stream: true }, { signal: controller.signal });
    await simulator.waitFor(({ requests }) => requests[0]?.tokensWritten === 12);
    controller.abort();
    await expect(response.text()).rejects.toThrow();
    const entry = await ended(simulator);
    expect(entry).toMatchObject({ state: 'ABORTED', aborted: true, tokensWritten: 12, completionTokens: 12 });
    expect(entry.promptTokens).toBeGreaterThan(10);
    expect(entry.text).toBe(Array.from({ length: 12 }, (_, index) => `t${index} `).join(''));
    expect(entry.abortedAfterMs).toBeGreaterThanOrEqual(0);
    expect(simulator.bill().totals).toMatchObject({ requests: 1, aborted: 1, completionTokens: 12 });
  });

  it('charges a plain call that was aborted before its answer for its input alone', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ hang: 'before-head' });
    const controller = new AbortController();
    const answer = send(simulator, {}, { signal: controller.signal });
    await simulator.waitFor(({ requests }) => (requests[0]?.promptTokens ?? 0) > 0);
    controller.abort();
    await expect(answer).rejects.toThrow();
    expect(await ended(simulator)).toMatchObject({ state: 'ABORTED', status: undefined, completionTokens: 0 });
  });

  it('counts the calls in flight, and the most there ever were', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ hang: 'before-head' });
    const controller = new AbortController();
    const calls = Array.from({ length: 10 }, () => send(simulator, {}, { signal: controller.signal }).catch(() => 0));
    await simulator.waitFor(({ inFlight }) => inFlight === 10);
    controller.abort();
    await Promise.all(calls);
    const bill = await simulator.waitFor(({ inFlight }) => inFlight === 0);
    expect(bill).toMatchObject({ maxInFlight: 10, totalsByModel: { 'sim-instant': { requests: 10, aborted: 10 } } });
  });

  it('keeps the last entries and all totals, and no content where that is switched off', async () => {
    await using simulator = await startTestSimulator({ keepEntries: 2, keepContent: false });
    for (let index = 0; index < 6; index++) await plainText(simulator);
    const bill = await simulator.waitFor(({ inFlight }) => inFlight === 0);
    expect(bill.requests.map(({ number, text, request }) => [number, text, request])).toEqual([
      [5, '', undefined],
      [6, '', undefined],
    ]);
    expect(bill.totals.requests).toBe(6);
  });

  it('is told over HTTP and started anew there', async () => {
    await using simulator = await startTestSimulator();
    const { text } = await plainText(simulator);
    const told = await (await fetch(`${simulator.url}/bill`)).json();
    expect(told).toMatchObject({ requests: [{ number: 1, text, request: { model: 'sim-instant' } }], inFlight: 0 });
    await fetch(`${simulator.url}/bill`, { method: 'DELETE' });
    expect(simulator.bill()).toMatchObject({ requests: [], totals: { requests: 0 } });
  });

  it('says what it holds when what was waited for does not come', async () => {
    await using simulator = await startTestSimulator();
    await expect(simulator.waitFor(() => false, 1)).rejects.toThrow(/0 requests, 0 in flight/);
  });

  it('shows usage as it was overridden', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ usage: { promptTokens: 2_000, cachedTokens: 1_536, cacheWriteTokens: 200 } });
    const { usage } = await plainText(simulator);
    expect(usage).toMatchObject({
      prompt_tokens: 2_000,
      prompt_tokens_details: { cached_tokens: 1_536, cache_write_tokens: 200 },
    });
    expect(await ended(simulator)).toMatchObject({ promptTokens: 2_000, cachedTokens: 1_536, cacheWriteTokens: 200 });
    expect(simulator.bill().totals).toMatchObject({ cachedTokens: 1_536, cacheWriteTokens: 200 });
  });
});

describe('the script', () => {
  it('follows its rules in order, as often as each says', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ status: 503, times: 1 }, { status: 429, retryAfterSeconds: 3, times: 1, match: 'gateway' });
    const first = await send(simulator);
    const second = await send(simulator);
    expect([first.status, second.status, (await send(simulator)).status]).toEqual([503, 429, 200]);
    expect(second.headers.get('retry-after')).toBe('3');
    expect(second.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(second.headers.get('x-request-id')).toBe(simulator.bill().requests[1]?.id);
  });

  it('takes rules over HTTP and lets a rule bring a model of its own', async () => {
    await using simulator = await startTestSimulator();
    const rules: ScriptRule[] = [{ model: 'house-model', text: 'Exactly this.' }];
    await fetch(`${simulator.url}/script`, { method: 'POST', body: JSON.stringify(rules) });
    expect(await plainText(simulator, { model: 'house-model' })).toMatchObject({ text: 'Exactly this.' });
    const models = (await (await fetch(`${simulator.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(models.data.map((model) => model.id)).toEqual(['sim-fast', 'sim-smart', 'sim-instant', 'house-model']);
    await fetch(`${simulator.url}/script`, { method: 'DELETE' });
    expect((await send(simulator, { model: 'house-model' })).status).toBe(404);
  });

  it('follows a directive in the prompt and a header, which goes first', async () => {
    await using simulator = await startTestSimulator();
    const directive = promptOf('Hello [[sim: {"text":"from [[the]] prompt","finishReason":"length"}]]');
    expect(await plainText(simulator, directive)).toMatchObject({ text: 'from [[the]] prompt', finish: 'length' });
    const response = await send(simulator, directive, { headers: { 'x-simulate': '{"status":500}' } });
    expect(response.status).toBe(500);
  });

  it('refuses what it does not know', async () => {
    await using simulator = await startTestSimulator();
    expect(() => simulator.script({ statuss: 500 } as ScriptRule)).toThrow(/no field "statuss"/);
    expect(() => simulator.script({ status: 5 })).toThrow(/"status" must be an integer 200–599/);
    expect(() => simulator.script({ malformed: 'html5' } as unknown as ScriptRule)).toThrow(/one of "truncated"/);
    expect(() => simulator.script({ bytesPerSecond: 0 })).toThrow(/"bytesPerSecond" must be a number > 0/);
    expect(() => simulator.script({ usage: { inputTokens: 5 } } as ScriptRule)).toThrow(/cacheWriteTokens\?/);
    expect((await fetch(`${simulator.url}/script`, { method: 'POST', body: '{"cut":3}' })).status).toBe(400);
    expect((await send(simulator, promptOf('x [[sim: nonsense]]'))).status).toBe(400);
  });

  it('has every field that its documentation names, and the other way round', async () => {
    await using simulator = await startTestSimulator();
    const told = await fetch(`${simulator.url}/script`, { method: 'POST', body: '{"nothing":1}' });
    const { error } = (await told.json()) as { error: { message: string } };
    const fields = error.message.slice(error.message.indexOf('It has: ') + 8, -1).split(', ');
    const page = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('| field |'), page.indexOf('## The bill'));
    const named = table
      .split('\n')
      .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(named.sort()).toEqual(fields.sort());
  });

  it('refuses a prompt as Azure does', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ contentFilter: ['hate'] });
    const response = await send(simulator);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'content_filter', innererror: { content_filter_result: { hate: { filtered: true } } } },
    });
  });

  it('answers 200 with an error, with nothing, with broken JSON, or with any bytes', async () => {
    await using simulator = await startTestSimulator();
    const answer = async (behaviour: Behaviour) => {
      const response = await send(simulator, {}, { headers: { 'x-simulate': JSON.stringify(behaviour) } });
      return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
    };
    expect((await answer({ error: { message: 'quota' } })).body).toMatch(/^\{"error":\{"message":"quota"/);
    expect(await answer({ emptyBody: true })).toMatchObject({ status: 200, body: '' });
    const { body } = await answer({ malformed: true });
    expect(() => JSON.parse(body)).toThrow();
    expect(await answer({ rawBody: '<html>', contentType: 'text/html', status: 502 })).toEqual({
      status: 502,
      type: 'text/html',
      body: '<html>',
    });
    expect(await answer({ rawBody: 'base64:aMOp' })).toMatchObject({ body: 'hé' });
  });

  it('refuses stream options where told to', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ refusesStreamOptions: true });
    expect((await send(simulator, streamed)).status).toBe(400);
    expect((await send(simulator, { stream: true })).status).toBe(200);
  });
});

describe('faults', () => {
  it('cut a stream after so many tokens, in the middle of a frame', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['one ', 'two ', 'three '], cut: { afterTokens: 2 }, cutMidFrame: true });
    const body = await readUntilCut(await send(simulator, { stream: true }));
    const whole = body.slice(0, body.lastIndexOf('\n\n'));
    expect(textOf(framesOf(whole))).toBe('one two ');
    expect(body.slice(whole.length + 2)).toMatch(/^data: \{"id"/);
    expect(await ended(simulator)).toMatchObject({ state: 'CUT', tokensWritten: 2, aborted: false });
  });

  it.each(['before-head', 'after-head', 'before-end', { afterTokens: 1 }] as const)(
    'cut a plain answer %j',
    async (cut) => {
      await using simulator = await startTestSimulator();
      simulator.script({ text: 'one two three', cut });
      if (cut === 'before-head') await expect(send(simulator)).rejects.toThrow();
      else await readUntilCut(await send(simulator));
      expect(await ended(simulator)).toMatchObject({ state: 'CUT' });
    },
  );

  it('send an error in the middle of a stream', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['one ', 'two '], streamError: { afterTokens: 1, error: { message: 'gone' } } });
    const body = await (await send(simulator, { stream: true })).text();
    const frames = framesOf(body);
    expect(textOf(frames)).toBe('one ');
    expect(frames.at(-1)?.error?.message).toBe('gone');
    expect(body).not.toContain('[DONE]');
  });

  it('never end, until the client leaves', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ endless: true });
    for (const body of [{ stream: true }, {}]) {
      const controller = new AbortController();
      const response = await send(simulator, body, { signal: controller.signal });
      const reader = response.body?.getReader();
      for (let bytes = 0; bytes < 200_000; ) bytes += (await reader?.read())?.value?.length ?? 0;
      controller.abort();
    }
    const bill = await simulator.waitFor(({ totals }) => totals.aborted === 2);
    expect(bill.totals.completionTokens).toBeGreaterThan(500);
  });

  it('keep the bytes of a stream the same, whatever their lengths, line ends and comments', async () => {
    await using simulator = await startTestSimulator();
    const tokens = ['Grü', 'ezi ', '🎉', ' ש'];
    const usual = textOf(framesOf(await (await send(simulator, { stream: true, ...promptOf('x') })).text()));
    expect(usual).not.toBe('');
    simulator.script({ tokens, crlf: true, comments: true, chunkBytes: [1, 7, 2] });
    const body = await (await send(simulator, { stream: true })).text();
    expect(body).toContain(': keep-alive\r\n\r\ndata: {');
    expect(body.replaceAll('\r\n', '')).not.toContain('\n');
    expect(textOf(framesOf(body))).toBe(tokens.join(''));
  });

  it('leave a broken frame in a stream, or its end away', async () => {
    await using simulator = await startTestSimulator();
    simulator.script({ malformed: true, times: 1 }, { omitDone: true });
    const broken = await (await send(simulator, { stream: true })).text();
    expect(() => framesOf(broken)).toThrow();
    expect(await (await send(simulator, { stream: true })).text()).not.toContain('[DONE]');
  });
});

describe('closing', () => {
  it('ends calls that hang, and frees the port', async () => {
    const simulator = await startTestSimulator();
    simulator.script({ hang: 'after-head' });
    const response = await send(simulator, { stream: true });
    const body = response.text();
    await Promise.all([simulator.close(), expect(body).rejects.toThrow()]);
    expect(simulator.bill().requests[0]).toMatchObject({ state: 'CUT', aborted: false });
    const socket = createConnection(simulator.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('error', resolve));
  });
});
