// Quotas of the simulator: what each credential may ask of each model in a window of time, in every wire format.

import { describe, expect, it } from '@jest/globals';
import type { ScriptRule } from '../../../src/simulator/types.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { startTestSimulator, type TestSimulator } from '../../support/start-simulator.ts';
import { ask, DRIVERS, type WireDriver } from './wire-samples.ts';

const FORMATS = DRIVERS.map((driver) => [driver.name, driver] as const);

async function quotaSimulator(...rules: readonly ScriptRule[]) {
  const clock = createManualClock();
  const simulator = await startTestSimulator({ clock });
  simulator.script(...rules);
  return { clock, simulator, [Symbol.asyncDispose]: () => simulator.close() };
}

/** Status, headers and body of a call, once it is on the bill. */
async function call(simulator: TestSimulator, driver: WireDriver, headers = driver.headers, model = 'sim-instant') {
  const response = await ask(simulator, driver, { prompt: 'Why?' }, false, { headers }, model);
  const body = await response.text();
  await simulator.waitFor(({ inFlight }) => inFlight === 0);
  return { status: response.status, headers: response.headers, body };
}

const keyed = (driver: WireDriver, key: string) =>
  Object.fromEntries(Object.entries(driver.headers).map(([name, value]) => [name, value.replace(/\bkey$/, key)]));

describe('quotas', () => {
  it.each(FORMATS)('of requests refuse what is beyond them until the window ends (%s)', async (_, driver) => {
    await using under = await quotaSimulator({ quota: { requests: 2 } });
    const { simulator, clock } = under;
    const statuses = async (count: number) => {
      const seen: number[] = [];
      while (seen.length < count) seen.push((await call(simulator, driver)).status);
      return seen;
    };
    expect(await statuses(3)).toEqual([200, 200, 429]);
    clock.advance(59_999);
    expect(await statuses(1)).toEqual([429]);
    clock.advance(1);
    expect(await statuses(3)).toEqual([200, 200, 429]);
    const { totals, requests } = simulator.bill();
    expect(totals).toMatchObject({ requests: 7, refused: 3 });
    expect(requests[2]).toMatchObject({ status: 429, promptTokens: 0, completionTokens: 0, state: 'COMPLETED' });
  });

  it.each(FORMATS)('of tokens count prompts and answers (%s)', async (_, driver) => {
    await using under = await quotaSimulator({
      tokens: ['one', 'two', 'three'],
      quota: { tokens: 30, windowMs: 5_000 },
    });
    const { simulator, clock } = under;
    expect((await call(simulator, driver)).status).toBe(200);
    const [first] = simulator.bill().requests;
    const used = (first?.promptTokens ?? 0) + (first?.completionTokens ?? 0);
    expect(first?.completionTokens).toBe(3);
    for (let left = 30 - used; left >= (first?.promptTokens ?? 0); left -= used) {
      expect((await call(simulator, driver)).status).toBe(200);
    }
    expect((await call(simulator, driver)).status).toBe(429);
    clock.advance(5_000);
    expect((await call(simulator, driver)).status).toBe(200);
  });

  it.each(FORMATS)('are kept per credential and model (%s)', async (_, driver) => {
    await using under = await quotaSimulator({ quota: { requests: 1 } }, { model: 'other' });
    const { simulator } = under;
    const statuses: number[] = [];
    for (const key of ['one', 'two']) {
      for (const model of ['sim-instant', 'other', 'other']) {
        statuses.push((await call(simulator, driver, keyed(driver, key), model)).status);
      }
    }
    expect(statuses).toEqual([200, 200, 429, 200, 200, 429]);
  });

  it('of several rules apply together, and leave other rules to decide', async () => {
    await using under = await quotaSimulator(
      { quota: { requests: 3 } },
      { model: 'sim-instant', quota: { requests: 2, windowMs: 1_000 } },
      { text: 'By rule.', times: 2 },
    );
    const { simulator, clock } = under;
    const [driver] = DRIVERS as readonly [WireDriver];
    const answers = [];
    for (const wait of [0, 0, 0, 1_000, 0]) {
      clock.advance(wait);
      const { status, body } = await call(simulator, driver);
      answers.push([status, body.includes('By rule.')]);
    }
    // A refused request neither counts nor uses up a rule.
    expect(answers).toEqual([
      [200, true],
      [200, true],
      [429, false],
      [200, false],
      [429, false],
    ]);
  });

  it('go away with their rules', async () => {
    await using under = await quotaSimulator();
    const { simulator } = under;
    const [driver] = DRIVERS as readonly [WireDriver];
    const remove = simulator.script({ quota: { requests: 1 } });
    expect((await call(simulator, driver)).status).toBe(200);
    expect((await call(simulator, driver)).status).toBe(429);
    remove();
    expect((await call(simulator, driver)).status).toBe(200);
  });

  it.each([
    [{ requests: 0 }, /"quota" must be/],
    [{ tokens: -1 }, /"quota" must be/],
    [{ tokens: '5' }, /"quota" must be/],
    [{ perMinute: 5 }, /"quota" must be/],
    [5, /"quota" must be/],
  ])('that make no sense are refused: %j', async (quota, message) => {
    await using simulator = await startTestSimulator();
    expect(() => simulator.script({ quota } as ScriptRule)).toThrow(message);
  });

  it('belong to rules, not to a single request', async () => {
    await using simulator = await startTestSimulator();
    const [driver] = DRIVERS as readonly [WireDriver];
    const headers = { ...driver.headers, 'x-simulate': '{"quota":{"requests":1}}' };
    expect((await call(simulator, driver, headers)).status).toBe(400);
  });
});

describe('limits are told', () => {
  const twoCalls = async (driver: WireDriver) => {
    await using under = await quotaSimulator({ tokens: ['one', 'two'], quota: { requests: 1, tokens: 1_000 } });
    const { simulator, clock } = under;
    const good = await call(simulator, driver);
    clock.advance(26_500);
    const refused = await call(simulator, driver);
    const promptTokens = simulator.bill().requests[0]?.promptTokens ?? 0;
    return { good, refused, promptTokens, refusedAtMs: clock.now() };
  };
  const [openai, anthropic, gemini] = DRIVERS as readonly [WireDriver, WireDriver, WireDriver];

  it("in OpenAI's headers", async () => {
    const { good, refused, promptTokens } = await twoCalls(openai);
    expect(Object.fromEntries(good.headers)).toMatchObject({
      'x-ratelimit-limit-requests': '1',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': String(1_000 - promptTokens),
      'x-ratelimit-reset-requests': '1m0s',
    });
    expect(good.headers.has('retry-after')).toBe(false);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'retry-after': '34',
      'retry-after-ms': '33500',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-remaining-tokens': String(1_000 - promptTokens - 2),
      'x-ratelimit-reset-requests': '33.5s',
    });
    expect(JSON.parse(refused.body)).toMatchObject({
      error: {
        code: 'rate_limit_exceeded',
        type: 'requests',
        message: expect.stringContaining('Limit 1, Used 1, Requested 1. Please try again in 33.5s.'),
      },
    });
  });

  it("in Anthropic's headers", async () => {
    const { good, refused, promptTokens, refusedAtMs } = await twoCalls(anthropic);
    expect(Object.fromEntries(good.headers)).toMatchObject({
      'anthropic-ratelimit-requests-limit': '1',
      'anthropic-ratelimit-requests-remaining': '0',
      'anthropic-ratelimit-tokens-limit': '1000',
      'anthropic-ratelimit-tokens-remaining': String(1_000 - promptTokens),
      'anthropic-ratelimit-input-tokens-limit': '1000',
      'anthropic-ratelimit-output-tokens-remaining': String(1_000 - promptTokens),
    });
    expect(good.headers.has('retry-after')).toBe(false);
    expect(refused.headers.get('retry-after')).toBe('34');
    const reset = Date.parse(refused.headers.get('anthropic-ratelimit-requests-reset') ?? '');
    expect(Math.abs(reset - refusedAtMs - 33_500)).toBeLessThanOrEqual(1_000);
    expect(JSON.parse(refused.body)).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });

  it("in the details of Gemini's error", async () => {
    const { good, refused } = await twoCalls(gemini);
    expect(good.status).toBe(200);
    expect(refused.headers.has('retry-after')).toBe(false);
    expect(JSON.parse(refused.body)).toMatchObject({
      error: {
        code: 429,
        status: 'RESOURCE_EXHAUSTED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [{ quotaValue: '1', quotaDimensions: { model: 'sim-instant' } }],
          },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '33.5s' },
        ],
      },
    });
  });
});
