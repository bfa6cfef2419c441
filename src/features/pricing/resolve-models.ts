// Completes the configured models with what the price table knows: prices, context window, and the models themselves
// where a provider offers all it has. What the file says always wins.

import type { Capability } from '../../core/chat.ts';
import type { Clock } from '../../core/clock.ts';
import type { Prices } from '../../core/money.ts';
import type { Config, ModelConfig, ProviderConfig } from '../../platform/config.ts';
import { DEFAULT_MODEL } from '../../platform/config-loader.ts';
import { usualCapabilities } from '../../providers/create-provider.ts';
import type { PriceTable } from './price-table.ts';

const DEFAULT_CONTEXT_WINDOW = 128_000;
const DEFAULT_MAX_OUTPUT_TOKENS = 16_384;
/** OpenAI's older models, and a small one. */
const KNOWS_NO_SCHEMA = /^gpt-(?:3\.5-turbo|4|4-turbo)$/;
const SEES_NO_IMAGES = /^(?:gpt-3\.5-turbo|gpt-4|o3-mini)$/;

/** A configured model with nothing left open. Its shape is that of routing's Model. */
export interface ResolvedModel
  extends Omit<
    ModelConfig,
    'capabilities' | 'contextWindow' | 'maxOutputTokens' | 'defaultMaxOutputTokens' | 'prices'
  > {
  readonly capabilities: readonly Capability[];
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly defaultMaxOutputTokens: number;
  /** Those of now: prices of the table may change by date and hour. undefined: none known. */
  readonly prices: Prices | undefined;
}

export interface ResolvedModels {
  readonly models: readonly ResolvedModel[];
  /** Whole sentences to log at start. */
  readonly warnings: readonly string[];
}

export function resolveModels(
  config: Pick<Config, 'models' | 'providers' | 'generations'>,
  table: PriceTable,
  clock: Clock,
): ResolvedModels {
  const models = withKnownModels(config, table).map((model) => resolveModel(model, config, table, clock));
  const unpriced = models.filter((model) => model.prices === undefined).map((model) => model.name);
  const warnings =
    unpriced.length === 0
      ? []
      : [
          `No price is known for ${unpriced.join(', ')}: no cost is counted. Set models[].prices in the file to count it.`,
        ];
  return { models, warnings };
}

function withKnownModels(
  { models, providers }: Pick<Config, 'models' | 'providers'>,
  table: PriceTable,
): readonly ModelConfig[] {
  const offered = providers
    .filter((provider) => provider.offersKnownModels)
    .flatMap((provider) => table.chatModels(provider.kind).map((model): ModelConfig => knownModel(provider, model)));
  const taken = new Set(models.map((model) => model.name));
  return [...models, ...offered.filter((model) => !taken.has(model.name))];
}

function knownModel({ id, kind }: Pick<ProviderConfig, 'id' | 'kind'>, model: string): ModelConfig {
  const capabilities = usualCapabilities(kind, model).filter(
    (capability) =>
      !(capability === 'JSON_SCHEMA' && KNOWS_NO_SCHEMA.test(model)) &&
      !(capability === 'IMAGES' && SEES_NO_IMAGES.test(model)),
  );
  return { ...DEFAULT_MODEL, name: model, target: { providerId: id, model }, capabilities };
}

function resolveModel(
  model: ModelConfig,
  { providers, generations }: Pick<Config, 'providers' | 'generations'>,
  table: PriceTable,
  clock: Clock,
): ResolvedModel {
  const { name, target, capabilities, timeouts } = model;
  const provider = providers.find(({ id }) => id === target.providerId);
  const lookup = () => provider && table.lookup(provider, target.model, clock.now());
  const given = [model.maxOutputTokens ?? 0, model.defaultMaxOutputTokens ?? 0];
  const contextWindow = model.contextWindow ?? lookup()?.contextWindow ?? Math.max(DEFAULT_CONTEXT_WINDOW, ...given);
  const maxOutputTokens =
    model.maxOutputTokens ??
    Math.max(Math.min(DEFAULT_MAX_OUTPUT_TOKENS, contextWindow), model.defaultMaxOutputTokens ?? 0);
  return {
    name,
    target,
    capabilities: capabilities ?? (provider ? usualCapabilities(provider.kind, target.model) : ['TEXT']),
    timeouts,
    contextWindow,
    maxOutputTokens,
    defaultMaxOutputTokens:
      model.defaultMaxOutputTokens ?? Math.min(generations.defaultMaxOutputTokens, maxOutputTokens),
    get prices() {
      return model.prices ?? lookup()?.prices;
    },
  };
}
