// The adapter for chat completions on the simulator, in both of its kinds.

import type { ProviderKind } from '../../src/core/provider-kinds.ts';
import { createProvider } from '../../src/providers/create-provider.ts';
import { startTestSimulator } from '../support/start-simulator.ts';
import { describeProvider, type ProviderUnderTest } from './provider-conformance.ts';

const KEY = 'sk-test-0123456789abcdef';

async function setup(kind: ProviderKind): Promise<ProviderUnderTest> {
  const simulator = await startTestSimulator({ apiKey: KEY });
  const provider = createProvider({
    id: 'simulated',
    kind,
    baseUrl: `${simulator.url}/v1`,
    apiKey: KEY,
    maxAnswerBytes: 64 * 1024,
  });
  return {
    provider,
    upstream: simulator,
    model: 'sim-instant',
    [Symbol.asyncDispose]: async () => {
      await simulator.close();
      await provider.close();
    },
  };
}

describeProvider('openai', () => setup('openai'));
describeProvider('openai-compatible', () => setup('openai-compatible'));
