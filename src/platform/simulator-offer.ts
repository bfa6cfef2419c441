// What the simulator adds to a configuration: its models first, at made-up prices, so that the first minute shows what an
// answer would cost.

import type { Prices } from '../core/money.ts';
import type { Config, ModelConfig, ProviderConfig } from './config.ts';
import { SIMULATOR_MODELS, SIMULATOR_PROVIDER } from './config-checks.ts';
import { ConfigError } from './config-errors.ts';
import { DEFAULT_MODEL } from './config-loader.ts';

/** @throws ConfigError where answers would have to come from a simulator that does not run: only a start brings it. */
export function requireSimulator({ simulator, file }: Config, simulatorUrl: string | undefined): void {
  if (!simulator || simulatorUrl !== undefined) return;
  const expected = "at least one: the simulator's models, offered where there is none, come with a start only";
  const place = file ?? 'sluice.yaml';
  throw new ConfigError([{ place, line: undefined, field: 'providers', found: 'nothing', expected }]);
}

/** `simulatorUrl`: where it listens, without a path. */
export function withSimulator(config: Config, simulatorUrl: string): Pick<Config, 'models' | 'providers'> {
  const provider: ProviderConfig = {
    id: SIMULATOR_PROVIDER,
    kind: 'openai-compatible',
    baseUrl: `${simulatorUrl}/v1`,
    apiKey: undefined,
    previousApiKey: undefined,
    offersKnownModels: false,
    allowedOptions: [],
    certificateAuthorities: undefined,
    allowInsecure: false,
    aiSdk: undefined,
  };
  const models = SIMULATOR_MODELS.map(
    (model): ModelConfig => ({
      ...DEFAULT_MODEL,
      name: model,
      target: { providerId: SIMULATOR_PROVIDER, model },
      ...SIMULATOR_MODEL_SETTINGS[model],
    }),
  );
  return { providers: [provider, ...config.providers], models: [...models, ...config.models] };
}

const simulatorPrices = (inputMicroUsd: bigint, outputMicroUsd: bigint): Prices => ({
  inputMicroUsd,
  cachedInputMicroUsd: inputMicroUsd / 10n,
  cacheWriteMicroUsd: inputMicroUsd,
  outputMicroUsd,
  version: 'simulator',
});

const SIMULATOR_MODEL_SETTINGS: Readonly<
  Record<
    (typeof SIMULATOR_MODELS)[number],
    Pick<ModelConfig, 'capabilities' | 'contextWindow' | 'maxOutputTokens' | 'prices'>
  >
> = {
  'sim-fast': {
    capabilities: undefined,
    contextWindow: 16_384,
    maxOutputTokens: 4_096,
    prices: simulatorPrices(100_000n, 400_000n),
  },
  'sim-smart': {
    capabilities: ['TEXT', 'STREAM', 'TOOLS', 'JSON_SCHEMA', 'IMAGES', 'REASONING'],
    contextWindow: 128_000,
    maxOutputTokens: 16_384,
    prices: simulatorPrices(2_000_000n, 8_000_000n),
  },
};
