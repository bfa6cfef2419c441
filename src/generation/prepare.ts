// The first phase of a call, without side effects: is the model there, is the input sound, what will it take at most.

import type { ChatRequest } from '../core/chat.ts';
import { SluiceError } from '../core/errors.ts';
import type { InvalidInput } from '../core/generation.ts';
import { costNanoUsd } from '../core/money.ts';
import type { OutputSchemas } from '../features/guards/output-schema.ts';
import type { TokenEstimator } from '../features/pricing/token-estimator.ts';
import type { Model } from '../features/routing/model-catalog.ts';
import type { Switches } from '../features/routing/switches.ts';
import type { Provider } from '../providers/provider.ts';
import type { CallInput } from './call-input.ts';
import { fingerprintOf, fingerprintOfAll } from './fingerprint.ts';
import type { CallEstimate, Generations, InputPath } from './generations.ts';
import { InputProblem } from './input-problem.ts';
import type { PreparedBatch, PreparedItem } from './prepared-batch.ts';
import type { PreparedCall, PreparedKey } from './prepared-call.ts';
import type { Asker } from './upstreams.ts';
import { validateEndUser } from './validate-end-user.ts';
import { validateIdempotencyKey, validateLabels, validateRequest, validateTimeout } from './validate-input.ts';

const MAX_BATCH_ITEMS = 100;
const MAX_CONCURRENCY = 50;
const DEFAULT_CONCURRENCY = 10;
const MAX_OUTPUT_TOKENS = 10_000_000;
/** The estimate counts high, up to about twice; only what is surely too long is refused before the provider says so. */
const SURELY = 2;

export interface PrepareParts {
  readonly estimator: TokenEstimator;
  readonly schemas: OutputSchemas;
  readonly switches: Switches;
}

type Preparation = Pick<Generations, 'prepare' | 'prepareBatch' | 'estimate'>;

export function createPreparation({ estimator, schemas, switches }: PrepareParts): Preparation {
  function prepareKeyed(
    input: CallInput,
    { caller, upstreams }: Asker,
    path: InputPath,
    keyOf: () => Omit<PreparedKey, 'fingerprint'> | undefined,
  ): PreparedCall | InvalidInput {
    try {
      const { models, providers, hosts } = upstreams;
      const model = models.find(input.model, caller);
      if (model === undefined) {
        throw new InputProblem(['model'], 'No such model. Ask the "models" query for their names.', 'MODEL_NOT_FOUND');
      }
      const provider = providers.get(model.target.providerId);
      if (provider === undefined) throw new Error('a model refers to a provider that was never made');
      const key = keyOf();
      const cap = outputCap(input, model);
      const asked: ChatRequest = { ...validateRequest(input, model, { schemas, hosts }), maxOutputTokens: cap.tokens };
      const { request, warnings } = fitReasoning(asked, model);
      warnings.push(...reviewOf(request, model, provider));
      const { prices } = model;
      if (prices === undefined) warnings.push(`No price is known for ${model.name}: its cost is not counted.`);
      const inputTokens = estimator.estimateInput(model.name, request);
      if (inputTokens > SURELY * model.contextWindow) {
        throw new InputProblem(
          [input.prompt ? 'prompt' : 'messages'],
          `The input has about ${inputTokens} tokens; the model reads at most ${model.contextWindow}.`,
          'CONTEXT_TOO_LONG',
        );
      }
      return {
        type: 'PREPARED',
        caller,
        model,
        provider,
        request,
        prices,
        idempotency: key && { ...key, fingerprint: fingerprintOf(input) },
        timeoutMs: validateTimeout(input.timeoutMs, model.timeouts.totalMs),
        endUserId: validateEndUser(input, caller),
        labels: validateLabels(input),
        clampedBy: cap.clamped ? 'MODEL' : undefined,
        warnings,
        inputTokens,
      };
    } catch (error) {
      if (error instanceof InputProblem) return error.toInvalidInput(path);
      throw error;
    }
  }

  return {
    prepare(input, asker, path, fallbackKey) {
      return prepareKeyed(input, asker, path, () => {
        const key = validateIdempotencyKey(input.idempotencyKey ?? fallbackKey);
        return key === undefined ? undefined : { key, namespace: '' };
      });
    },
    prepareBatch(input, asker, path, fallbackKey): PreparedBatch {
      const batchKey = validateBatch(input, path, fallbackKey);
      const items = input.items.map((item, index) =>
        prepareKeyed(item, asker, [...path, 'items', String(index)], () => {
          const own = validateIdempotencyKey(item.idempotencyKey);
          if (batchKey === undefined) return own === undefined ? undefined : { key: own, namespace: '' };
          if (own === undefined) return { key: String(index), namespace: batchKey };
          throw new InputProblem(['idempotencyKey'], 'Give a key to the batch or to its items, not to both.');
        }),
      );
      const fingerprint = () =>
        fingerprintOfAll(input.items.map((item, index) => fingerprintOfItem(item, items[index])));
      return {
        caller: asker.caller,
        items,
        concurrency: input.concurrency ?? DEFAULT_CONCURRENCY,
        idempotency: batchKey === undefined ? undefined : { key: batchKey, fingerprint: fingerprint() },
      };
    },
    estimate(call): CallEstimate {
      const { inputTokens, prices, request } = call;
      // All of it may be written to the provider's cache, which some charge more for, and some write to unasked.
      const writesAreDearer = prices !== undefined && prices.cacheWriteMicroUsd > prices.inputMicroUsd;
      const most = {
        inputTokens,
        cachedInputTokens: 0,
        cacheWriteTokens: writesAreDearer ? inputTokens : 0,
        outputTokens: request.maxOutputTokens,
        reasoningTokens: 0,
      };
      return {
        inputTokens,
        maxOutputTokens: request.maxOutputTokens,
        maxCostNanoUsd: prices === undefined ? undefined : costNanoUsd(most, prices),
        admitted: switches.stateOf(call.model) === 'ENABLED',
      };
    },
  };
}

/** That of a call with a key was made with it. */
function fingerprintOfItem(input: CallInput, prepared: PreparedItem | undefined): string {
  const known = prepared?.type === 'PREPARED' ? prepared.idempotency?.fingerprint : undefined;
  return known ?? fingerprintOf(input);
}

/** The caller's cap, lowered to what the model can write; else the model's default. */
function outputCap(input: CallInput, model: Model): { readonly tokens: number; readonly clamped: boolean } {
  const asked = input.maxOutputTokens;
  if (asked === null || asked === undefined) return { tokens: model.defaultMaxOutputTokens, clamped: false };
  if (asked < 1 || asked > MAX_OUTPUT_TOKENS) {
    throw new InputProblem(['maxOutputTokens'], `maxOutputTokens must be between 1 and ${MAX_OUTPUT_TOKENS}.`);
  }
  return { tokens: Math.min(asked, model.maxOutputTokens), clamped: asked > model.maxOutputTokens };
}

/** Thinking is bounded by the cap it is part of; a model that is not known to think is not asked to. */
function fitReasoning(
  asked: ChatRequest,
  model: Model,
): { readonly request: ChatRequest; readonly warnings: string[] } {
  const { reasoning, maxOutputTokens } = asked;
  if (reasoning === undefined) return { request: asked, warnings: [] };
  if (!model.capabilities.includes('REASONING')) {
    const warning = `reasoning was not sent: ${model.name} has no REASONING.`;
    return { request: { ...asked, reasoning: undefined }, warnings: [warning] };
  }
  if (reasoning.maxTokens !== undefined && reasoning.maxTokens >= maxOutputTokens) {
    throw new InputProblem(
      ['reasoning', 'maxTokens'],
      `reasoning.maxTokens is part of the output cap and must be below it (${maxOutputTokens}): lower it, or raise maxOutputTokens.`,
    );
  }
  return { request: asked, warnings: [] };
}

/** @throws InputProblem for an option the provider's list does not name. */
function reviewOf(request: ChatRequest, model: Model, provider: Provider): readonly string[] {
  const { warnings, refusedOptions } = provider.review(request, model.target.model);
  const [refused] = refusedOptions;
  if (refused !== undefined) throw new InputProblem(['providerOptions', ...refused.path], refused.message);
  return warnings;
}

/** What concerns the batch as a whole has no typed member of its own: top-level errors. */
function validateBatch(
  input: Parameters<Generations['prepareBatch']>[0],
  path: InputPath,
  fallbackKey: string | undefined,
): string | undefined {
  const refuse = (field: string, message: string): never => {
    throw new SluiceError('BAD_USER_INPUT', message, { inputPath: [...path, field] });
  };
  const { items, concurrency } = input;
  if (items.length === 0) refuse('items', 'The batch is empty: give 1 to 100 items.');
  if (items.length > MAX_BATCH_ITEMS)
    refuse('items', `A batch has at most ${MAX_BATCH_ITEMS} items, not ${items.length}.`);
  if (concurrency !== null && concurrency !== undefined && !(concurrency >= 1 && concurrency <= MAX_CONCURRENCY)) {
    refuse('concurrency', `concurrency must be between 1 and ${MAX_CONCURRENCY}.`);
  }
  try {
    return validateIdempotencyKey(input.idempotencyKey ?? fallbackKey);
  } catch (error) {
    if (error instanceof InputProblem) return refuse('idempotencyKey', error.message);
    throw error;
  }
}
