// Two credentials of one provider, while one takes the place of the other: for every kind of provider against a server
// that refuses keys as the real ones do, and for the odd cases with providers that the test plays.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../../src/core/upstream-error.ts';
import { loadAiSdkPackage } from '../../../src/platform/ai-sdk-package.ts';
import { createSecret } from '../../../src/platform/secret.ts';
import { createProvider, type ProviderSettings } from '../../../src/providers/create-provider.ts';
import { type CredentialReport, withPreviousCredential } from '../../../src/providers/credential-pair.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import type { Simulator } from '../../../src/simulator/types.ts';
import { createScriptedProvider } from '../../support/scripted-provider.ts';
import { startTestSimulator } from '../../support/start-simulator.ts';
import { providerCall } from './chat-samples.ts';

const NEW = 'canary-new-key-of-the-provider';
const OLD = 'canary-old-key-of-the-provider';
let reports: CredentialReport[] = [];
const report = (told: CredentialReport): void => void reports.push(told);
const refusals = () => reports.map(({ refused, status }) => [refused, status]);
beforeEach(() => {
  reports = [];
});

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startTestSimulator();
});
afterAll(() => simulator.close());

type Kind = [name: string, refusedWith: number, make: () => Promise<Provider>];
const wire =
  (kind: ProviderSettings['kind'], path = '/v1') =>
  async (): Promise<Provider> =>
    createProvider({
      id: 'p',
      kind,
      baseUrl: simulator.url + path,
      apiKey: NEW,
      previousApiKey: OLD,
      reportCredential: report,
    });
const kinds: readonly Kind[] = [
  ['openai', 401, wire('openai')],
  ['openai-compatible', 401, wire('openai-compatible')],
  ['anthropic', 401, wire('anthropic')],
  ['gemini', 400, wire('gemini', '/v1beta')],
  [
    'ai-sdk',
    401,
    async () => {
      const aiSdk = await loadAiSdkPackage({
        name: '@ai-sdk/openai-compatible',
        factory: undefined,
        settings: createSecret(JSON.stringify({ name: 'sim', baseURL: `${simulator.url}/v1`, apiKey: NEW })),
        previousSettings: createSecret(JSON.stringify({ apiKey: OLD })),
      });
      if ('field' in aiSdk) throw new Error(aiSdk.found);
      const settings = { id: 'p', kind: 'ai-sdk', baseUrl: undefined, apiKey: undefined } as const;
      return createProvider({ ...settings, aiSdk, reportCredential: report });
    },
  ],
];

describe.each(kinds)('a provider of kind %s', (_kind, refusedWith, make) => {
  let provider: Provider;
  beforeEach(async () => {
    provider = await make();
    simulator.reset();
  });
  const ask = async (streamed: boolean): Promise<string> => {
    let text = '';
    await provider.chat(providerCall({ model: 'sim-instant', streamed }), (delta) => {
      if (delta.type === 'text') text += delta.text;
    });
    return text;
  };
  const statuses = () => simulator.bill().requests.map(({ status }) => status);

  it.each([false, true])(
    'answers by the previous one where the new one is refused (streamed: %s)',
    async (streamed) => {
      simulator.acceptKeys(OLD);
      expect(await ask(streamed)).not.toBe('');
      expect(await ask(streamed)).not.toBe('');
      expect(statuses()).toEqual([refusedWith, 200, refusedWith, 200]);
      expect(refusals()).toEqual([['CURRENT', refusedWith]]);
      await provider.close();
    },
  );

  it('does not use the previous one while the new one is good, and tells when it is good again', async () => {
    simulator.acceptKeys(OLD, NEW);
    await ask(false);
    expect(statuses()).toEqual([200]);
    expect(reports).toEqual([]);
    simulator.acceptKeys(OLD);
    await ask(false);
    simulator.acceptKeys(NEW);
    await ask(false);
    await ask(true);
    expect(statuses()).toEqual([200, refusedWith, 200, 200, 200]);
    expect(refusals()).toEqual([
      ['CURRENT', refusedWith],
      ['NEITHER', undefined],
    ]);
    await provider.close();
  });

  it('fails as it would with one key where both are refused, once told', async () => {
    simulator.acceptKeys('another');
    for (let time = 0; time < 2; time++) {
      const error = await ask(false).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ failure: 'UPSTREAM_REJECTED', phase: 'ANSWERED', refusedCredential: true });
      expect(String((error as Error).message)).toContain('refused our credential');
    }
    expect(statuses()).toEqual(Array(4).fill(refusedWith));
    expect(refusals()).toEqual([['BOTH', refusedWith]]);
    expect(JSON.stringify(reports)).not.toContain('canary');
    await provider.close();
  });

  it('is not asked twice where something else than the key is wrong', async () => {
    simulator.acceptKeys(NEW, OLD);
    simulator.script({ status: 500 });
    await expect(ask(false)).rejects.toMatchObject({ status: 500, refusedCredential: false });
    expect(simulator.bill().requests).toHaveLength(1);
    expect(reports).toEqual([]);
    await provider.close();
  });
});

describe('a pair', () => {
  const refused = (status = 401): UpstreamError =>
    new UpstreamError('UPSTREAM_REJECTED', 'no', {
      phase: 'ANSWERED',
      retryable: false,
      status,
      refusedCredential: true,
    });
  const pairOf = () => {
    const [current, previous] = [createScriptedProvider(), createScriptedProvider()];
    return { current, previous, pair: withPreviousCredential({ current, previous, report }) };
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it('gives the second request what is left of the time, and its signal', async () => {
    const { current, previous, pair } = pairOf();
    const controller = new AbortController();
    const call = { ...providerCall({ streamed: false }), signal: controller.signal };
    const asked = pair.chat(call, () => undefined);
    current.calls[0]?.fail(refused());
    await settled();
    const second = previous.calls[0]?.call;
    expect(second?.timeouts.totalMs).toBeLessThanOrEqual(call.timeouts.totalMs);
    expect(second?.timeouts.totalMs).toBeGreaterThanOrEqual(1);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ failure: 'CANCELLED' });
  });

  it('tells what the previous one came to where it was taken and failed', async () => {
    const { current, previous, pair } = pairOf();
    const asked = pair.chat(providerCall({}), () => undefined);
    current.calls[0]?.fail(refused());
    await settled();
    const busy = new UpstreamError('UPSTREAM_ERROR', 'busy', { phase: 'ANSWERED', retryable: true, status: 429 });
    previous.calls[0]?.fail(busy);
    await expect(asked).rejects.toBe(busy);
    expect(refusals()).toEqual([['CURRENT', 401]]);
  });

  it('takes a 403 for a matter of the one model: others that work are no news', async () => {
    const { current, previous, pair } = pairOf();
    current.onCall = ({ call, fail, finish }) => (call.model === 'rare' ? fail(refused(403)) : finish());
    previous.onCall = ({ finish }) => finish();
    const ask = (model: string) => pair.chat({ ...providerCall({}), model }, () => undefined);
    for (const model of ['usual', 'rare', 'usual', 'rare', 'usual']) await ask(model);
    expect(refusals()).toEqual([['CURRENT', 403]]);
    current.onCall = ({ finish }) => finish();
    await ask('rare');
    expect(refusals().at(-1)).toEqual(['NEITHER', undefined]);
  });

  it('tells each change between one and both being refused', async () => {
    const { current, previous, pair } = pairOf();
    current.onCall = ({ fail }) => fail(refused());
    for (const previousIsGood of [true, false, false, true]) {
      previous.onCall = ({ fail, finish }) => (previousIsGood ? finish() : fail(refused()));
      await pair.chat(providerCall({}), () => undefined).catch(() => undefined);
    }
    expect(refusals().map(([which]) => which)).toEqual(['CURRENT', 'BOTH', 'CURRENT']);
  });
});
