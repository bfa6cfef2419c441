// The adapter for Google's Gemini API on the simulator, as three generations of Gemini: one that thinks by a budget, one
// that thinks by a level, and one that takes no samplers and no prefilled answers besides.

import { createProvider } from '../../src/providers/create-provider.ts';
import { startTestSimulator } from '../support/start-simulator.ts';
import { describeProvider, type ProviderUnderTest } from './provider-conformance.ts';

const KEY = 'AIza-test-0123456789abcdef';
const MODELS = ['gemini-2.5-flash', 'gemini-3.5-flash', 'gemini-3.8-flash'] as const;
/** A picture of one white pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';

async function setup(model: string): Promise<ProviderUnderTest> {
  const simulator = await startTestSimulator({ apiKey: KEY });
  // A rule that applies to no request: the simulator has every model that a rule names.
  simulator.script({ model, match: '\u0000' });
  const provider = createProvider({
    id: 'simulated',
    kind: 'gemini',
    baseUrl: `${simulator.url}/v1beta`,
    apiKey: KEY,
    maxAnswerBytes: 64 * 1024,
    fetchImage: async () => ({ status: 200, headers: {}, body: Buffer.from(PIXEL, 'base64') }),
  });
  return {
    provider,
    upstream: simulator,
    model,
    refusedFor: ['dangerous_content', 'hate_speech'],
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      await provider.close();
    },
  };
}

for (const model of MODELS) describeProvider(`gemini (${model})`, () => setup(model));
