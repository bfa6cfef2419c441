// What holds in every wire format: the same answer and the same bill for the same question, and the same faults.

import { describe, expect, it } from '@jest/globals';
import type { Behaviour, BillEntry, JsonRecord } from '../../../src/simulator/types.ts';
import { startTestSimulator, type TestSimulator } from '../../support/start-simulator.ts';
import { ask, DRIVERS, framesIn, type Question, streamText, type WireDriver } from './wire-samples.ts';

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER = {
  name: 'get_weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
};
const SEARCH = { name: 'search_orders', parameters: { type: 'object', properties: { query: { type: 'string' } } } };
const SCHEMA: JsonRecord = {
  type: 'object',
  properties: { title: { type: 'string' }, days: { type: 'integer' } },
  required: ['title', 'days'],
  additionalProperties: false,
};
const PROMPT = { prompt: 'How does a gateway keep the costs of model calls down?' };

const FORMATS = DRIVERS.map((driver) => [driver.name, driver] as const);
const WAYS = DRIVERS.flatMap((driver) =>
  [false, true].map((streamed) => [`${driver.name}, ${streamed ? 'streamed' : 'plain'}`, driver, streamed] as const),
);

async function lastEntry(simulator: TestSimulator): Promise<BillEntry> {
  const bill = await simulator.waitFor(({ inFlight, requests }) => inFlight === 0 && requests.length > 0);
  return bill.requests.at(-1) as BillEntry;
}

async function textFrom(driver: WireDriver, response: Response, streamed: boolean): Promise<string> {
  const body = await response.text();
  return streamed ? streamText(driver, body) : driver.plainText(JSON.parse(body));
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

describe('the same question', () => {
  const questions: [string, Question][] = [
    ['a prompt', PROMPT],
    ['a system prompt', { ...PROMPT, system: 'Be brief.' }],
    ['one that makes the model call a tool', { prompt: 'The weather in Bern, in celsius?', tools: [WEATHER, SEARCH] }],
    [
      'one that makes it call two',
      { prompt: 'Search the orders and get the weather in Bern', tools: [WEATHER, SEARCH] },
    ],
    ['a forced tool', { prompt: 'Why is the sky blue?', tools: [WEATHER], forced: true }],
    [
      'the result of a tool',
      {
        prompt: 'The weather in Bern, in celsius?',
        tools: [WEATHER],
        answered: { arguments: { city: 'Bern', unit: 'celsius' }, result: '{"temperature":21}' },
      },
    ],
    ['a schema', { prompt: 'Plan 5 days from Bern to Zürich', schema: SCHEMA }],
    ['images', { prompt: 'What is in these?', images: [PIXEL, 'https://example.com/cat.png'] }],
    ['thinking', { ...PROMPT, thinks: true }],
    ['a stop sequence', { ...PROMPT, stop: ['no such words', '. '] }],
    ['an output cap', { ...PROMPT, maxTokens: 7 }],
  ];

  it.each(questions)(
    '(%s) gets the same answer at the same price in every format, streamed or not',
    async (_, asked) => {
      await using simulator = await startTestSimulator();
      const seen: unknown[] = [];
      for (const [, driver, streamed] of WAYS) {
        const response = await ask(simulator, driver, asked, streamed);
        expect(response.status).toBe(200);
        const text = await textFrom(driver, response, streamed);
        const entry = await lastEntry(simulator);
        expect(text).toBe(entry.text);
        expect(entry).toMatchObject({ format: driver.name, streamed, tokensWritten: entry.completionTokens });
        const { promptTokens, completionTokens, reasoningTokens, finishReason } = entry;
        seen.push({ text, promptTokens, completionTokens, reasoningTokens, finishReason });
      }
      expect(seen).toEqual(seen.map(() => seen[0]));
    },
  );

  it.each(WAYS)('finds the same rules, header and directive (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    simulator.script({ match: 'rule', text: 'By rule.' });
    const read = async (prompt: string, headers: Record<string, string> = {}) =>
      textFrom(driver, await ask(simulator, driver, { prompt }, streamed, { headers }), streamed);
    expect(await read('the rule')).toBe('By rule.');
    expect(await read('hello [[sim: {"text":"By directive."}]]')).toBe('By directive.');
    expect(await read('the rule', { 'x-simulate': '{"text":"By header."}' })).toBe('By header.');
    const refused = await ask(simulator, driver, { prompt: '[[sim: {"texxt":""}]]' }, streamed);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('no field');
  });
});

describe('faults in every format', () => {
  it.each(WAYS)('errors as scripted, under a bad status or a good one (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    simulator.script({ status: 503, times: 1 }, { error: { message: 'gone' }, times: 1 });
    const bad = await ask(simulator, driver, PROMPT, streamed);
    expect(bad.status).toBe(503);
    expect(await bad.json()).toHaveProperty('error.message');
    const good = await ask(simulator, driver, PROMPT, streamed);
    expect(good.status).toBe(200);
    expect(await good.json()).toHaveProperty('error.message', 'gone');
    expect((await lastEntry(simulator)).promptTokens).toBe(0);
  });

  it.each(
    WAYS.flatMap(([way, driver, streamed]) =>
      (['before-head', 'after-head', 'before-end', { afterTokens: 1 }] as const).map(
        (cut) => [JSON.stringify(cut), way, driver, streamed, cut] as const,
      ),
    ),
  )('cut %s (%s)', async (_at, _way, driver, streamed, cut) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['one ', 'two ', 'three'], tokensPerWrite: 1, cut });
    const answer = ask(simulator, driver, PROMPT, streamed);
    if (cut === 'before-head') await expect(answer).rejects.toThrow();
    else {
      const body = await readUntilCut(await answer);
      if (streamed && typeof cut === 'object') expect(streamText(driver, body)).toBe('one ');
      if (driver.endMark !== undefined) expect(body).not.toContain(driver.endMark);
    }
    expect(await lastEntry(simulator)).toMatchObject({ state: 'CUT', aborted: false });
  });

  it.each(
    WAYS.flatMap(([way, driver, streamed]) =>
      (['before-head', 'after-head', { afterTokens: 1 }] as const).map(
        (hang) => [JSON.stringify(hang), way, driver, streamed, hang] as const,
      ),
    ),
  )('hang %s until the client leaves (%s)', async (_at, _way, driver, streamed, hang) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['one ', 'two ', 'three'], hang });
    const controller = new AbortController();
    const answer = ask(simulator, driver, PROMPT, streamed, { signal: controller.signal }).then((it) => it.text());
    await simulator.waitFor(({ requests }) =>
      hang === 'before-head' ? (requests[0]?.promptTokens ?? 0) > 0 : requests[0]?.status === 200,
    );
    controller.abort();
    await expect(answer).rejects.toThrow();
    expect(await lastEntry(simulator)).toMatchObject({ state: 'ABORTED', aborted: true });
  });

  it.each(FORMATS)('half a frame before a cut (%s)', async (_, driver) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['one ', 'two ', 'three '], cut: { afterTokens: 2 }, cutMidFrame: true });
    const body = await readUntilCut(await ask(simulator, driver, PROMPT, true));
    const whole = body.slice(0, body.lastIndexOf('\n\n'));
    expect(streamText(driver, whole)).toBe('one two ');
    expect(body.slice(whole.length + 2)).toMatch(/^(?:event|data): \S/);
  });

  it.each(FORMATS)('an error in the middle of a stream, and no end mark after it (%s)', async (_, driver) => {
    await using simulator = await startTestSimulator();
    simulator.script({ tokens: ['one ', 'two '], streamError: { afterTokens: 1, error: { message: 'gone' } } });
    const body = await (await ask(simulator, driver, PROMPT, true)).text();
    expect(streamText(driver, body)).toBe('one ');
    expect(driver.readFrame(framesIn(body).at(-1) ?? '')).toHaveProperty('error.message', 'gone');
    if (driver.endMark !== undefined) expect(body).not.toContain(driver.endMark);
  });

  it.each(WAYS)('answers that never end (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    simulator.script({ endless: true });
    const controller = new AbortController();
    const response = await ask(simulator, driver, PROMPT, streamed, { signal: controller.signal });
    const reader = response.body?.getReader();
    for (let bytes = 0; bytes < 200_000; ) bytes += (await reader?.read())?.value?.length ?? 0;
    controller.abort();
    const bill = await simulator.waitFor(({ totals }) => totals.aborted === 1);
    expect(bill.totals.completionTokens).toBeGreaterThan(100);
  });

  it.each(FORMATS)('bytes of a stream however they are cut, ended and commented (%s)', async (_, driver) => {
    await using simulator = await startTestSimulator();
    const tokens = ['Grü', 'ezi ', '🎉', ' ש'];
    simulator.script({ tokens, crlf: true, comments: true, chunkBytes: [1, 7, 2] });
    const body = await (await ask(simulator, driver, PROMPT, true)).text();
    expect(body).toContain(': keep-alive\r\n\r\n');
    expect(body.replaceAll('\r\n', '')).not.toContain('\n');
    expect(streamText(driver, body)).toBe(tokens.join(''));
  });

  it.each(FORMATS)('streams without their end mark (%s)', async (_, driver) => {
    await using simulator = await startTestSimulator();
    simulator.script({ text: 'Done.', omitDone: true, times: 1 }, { text: 'Done.' });
    const open = await (await ask(simulator, driver, PROMPT, true)).text();
    const whole = await (await ask(simulator, driver, PROMPT, true)).text();
    expect([streamText(driver, open), streamText(driver, whole)]).toEqual(['Done.', 'Done.']);
    expect(open.includes(driver.endMark ?? 'none')).toBe(false);
    expect(whole.includes(driver.endMark ?? 'none')).toBe(driver.endMark !== undefined);
  });

  it.each(WAYS)('usage that is not told (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    simulator.script({ usage: 'omit' });
    const body = await (await ask(simulator, driver, PROMPT, streamed)).text();
    expect(body).not.toMatch(/"usage(?:Metadata)?":\s*\{/);
    expect((await lastEntry(simulator)).promptTokens).toBeGreaterThan(0);
  });

  it.each(WAYS)('nothing, any bytes, any content type (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    const answer = async (behaviour: Behaviour) => {
      const headers = { 'x-simulate': JSON.stringify(behaviour) };
      const response = await ask(simulator, driver, PROMPT, streamed, { headers });
      return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
    };
    expect(await answer({ emptyBody: true })).toMatchObject({ status: 200, body: '' });
    expect(await answer({ rawBody: 'base64:aMOp', status: 502, contentType: 'text/plain' })).toEqual({
      status: 502,
      type: 'text/plain',
      body: 'hé',
    });
    expect(await answer({ text: 'Hello.', contentType: 'application/octet-stream' })).toMatchObject({
      type: 'application/octet-stream',
      body: expect.stringContaining('Hello'),
    });
  });
});

describe('malformed answers', () => {
  const bytesOf = async (driver: WireDriver, streamed: boolean, malformed: Behaviour['malformed']) => {
    await using simulator = await startTestSimulator();
    simulator.script({ text: 'One two three four five six.', ...(malformed === undefined ? {} : { malformed }) });
    const response = await ask(simulator, driver, PROMPT, streamed);
    const bytes = Buffer.from(await response.arrayBuffer());
    const entry = await lastEntry(simulator);
    return { type: response.headers.get('content-type') ?? '', bytes, text: bytes.toString(), entry };
  };
  const isText = (bytes: Buffer) => Buffer.from(bytes.toString()).equals(bytes);

  it.each(WAYS)('truncated JSON (%s)', async (_, driver, streamed) => {
    for (const malformed of ['truncated', true] as const) {
      const { text, entry } = await bytesOf(driver, streamed, malformed);
      if (streamed) expect(() => framesIn(text).map(driver.readFrame)).toThrow(SyntaxError);
      else expect(() => JSON.parse(text)).toThrow(SyntaxError);
      expect(entry).toMatchObject({ state: 'COMPLETED', status: 200 });
    }
  });

  it.each(WAYS)('JSON of the wrong shape (%s)', async (_, driver, streamed) => {
    const { text } = await bytesOf(driver, streamed, 'wrong-shape');
    const parsed: unknown[] = streamed ? framesIn(text).map(driver.readFrame) : [JSON.parse(text)];
    expect(JSON.stringify(parsed)).toContain('what?');
    if (!streamed) expect(driver.plainText(parsed[0])).not.toContain('One');
  });

  it.each(WAYS)('garbage (%s)', async (_, driver, streamed) => {
    const usual = await bytesOf(driver, streamed, undefined);
    const { bytes, text } = await bytesOf(driver, streamed, 'garbage');
    expect(isText(usual.bytes)).toBe(true);
    expect(isText(bytes)).toBe(false);
    if (streamed) expect(text.startsWith(usual.text.slice(0, 20))).toBe(true);
  });

  it.each(WAYS)('a web page, for which nothing is charged (%s)', async (_, driver, streamed) => {
    const { text, type, entry } = await bytesOf(driver, streamed, 'html');
    expect(text).toMatch(/^<!DOCTYPE html>/);
    expect(type).toMatch(/^text\/html/);
    expect(entry).toMatchObject({ promptTokens: 0, completionTokens: 0, state: 'COMPLETED' });
  });
});

describe('a slow drip', () => {
  it.each(WAYS)('brings every byte in the end (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    simulator.script({ text: 'Drop by drop.', bytesPerSecond: 50_000 });
    const response = await ask(simulator, driver, PROMPT, streamed);
    expect(await textFrom(driver, response, streamed)).toBe('Drop by drop.');
    expect(await lastEntry(simulator)).toMatchObject({ state: 'COMPLETED', text: 'Drop by drop.' });
  });

  it.each(WAYS)('brings a few bytes at a time, in pieces as scripted if they are (%s)', async (_, driver, streamed) => {
    await using simulator = await startTestSimulator();
    for (const behaviour of [{ bytesPerSecond: 30 }, { bytesPerSecond: 30, chunkBytes: [3] }]) {
      const headers = { 'x-simulate': JSON.stringify({ text: 'Drop by drop.', ...behaviour }) };
      const controller = new AbortController();
      const response = await ask(simulator, driver, PROMPT, streamed, { headers, signal: controller.signal });
      const first = await response.body?.getReader().read();
      expect(first?.value?.length).toBeGreaterThan(0);
      // Whatever came together on a slow machine: of some hundred bytes it is the beginning.
      expect(first?.value?.length).toBeLessThan(200);
      controller.abort();
      await simulator.waitFor(({ inFlight }) => inFlight === 0);
    }
    expect(simulator.bill().requests.map((entry) => entry.state)).toEqual(['ABORTED', 'ABORTED']);
  });
});
