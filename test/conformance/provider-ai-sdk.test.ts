// The adapter for packages of the AI SDK on the simulator, through @ai-sdk/openai-compatible.

import { aiSdkProvider } from '../support/ai-sdk-provider.ts';
import { startTestSimulator } from '../support/start-simulator.ts';
import { describeProvider, type ProviderUnderTest } from './provider-conformance.ts';

const KEY = 'sk-test-0123456789abcdef';

async function setup(): Promise<ProviderUnderTest> {
  const simulator = await startTestSimulator({ apiKey: KEY });
  const settings = {
    name: 'simulated',
    baseURL: `${simulator.url}/v1`,
    apiKey: KEY,
    supportsStructuredOutputs: true,
  };
  const provider = await aiSdkProvider('@ai-sdk/openai-compatible', settings, { maxAnswerBytes: 64 * 1024 });
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

describeProvider('ai-sdk', setup);
