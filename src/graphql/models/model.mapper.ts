// Turns a model of the catalog into the shape of the schema.

import type { SwitchState } from '../../core/access.ts';
import { formatMicroUsd, type Prices } from '../../core/money.ts';
import type { Model as CatalogModel } from '../../features/routing/model-catalog.ts';
import type { Model, ModelPrices } from './model.types.ts';

export const MODEL_ID_PREFIX = 'model:';

export function toModel(model: CatalogModel, state: SwitchState): Model {
  return {
    __typename: 'Model',
    id: MODEL_ID_PREFIX + model.name,
    name: model.name,
    capabilities: model.capabilities,
    contextWindow: model.contextWindow,
    maxOutputTokens: model.maxOutputTokens,
    priceKnown: model.prices !== undefined,
    prices: model.prices && toModelPrices(model.prices),
    state,
    health: state === 'ENABLED' ? 'HEALTHY' : 'UNAVAILABLE',
  };
}

function toModelPrices(prices: Prices): ModelPrices {
  return {
    inputUsdPerMillion: formatMicroUsd(prices.inputMicroUsd),
    cachedInputUsdPerMillion: formatMicroUsd(prices.cachedInputMicroUsd),
    cacheWriteUsdPerMillion: formatMicroUsd(prices.cacheWriteMicroUsd),
    outputUsdPerMillion: formatMicroUsd(prices.outputMicroUsd),
    version: prices.version,
  };
}
