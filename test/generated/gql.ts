/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "subscription BatchEvents($batchId: ID!, $after: String) {\n  batchEvents(batchId: $batchId, after: $after) {\n    batchId\n    sequence\n    cursor\n    completed\n    total\n    item {\n      index\n      result {\n        ...ResultFields\n      }\n    }\n  }\n}": typeof types.BatchEventsDocument,
    "mutation BatchGenerate($input: BatchGenerateInput!) {\n  batchGenerate(input: $input) {\n    ...BatchFields\n  }\n}": typeof types.BatchGenerateDocument,
    "query Batch($id: ID!) {\n  batch(id: $id) {\n    ...BatchFields\n  }\n}": typeof types.BatchDocument,
    "mutation BenchGenerate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on GenerateSuccess {\n      generation {\n        id\n        text\n        finishReason\n        usage {\n          inputTokens\n          outputTokens\n          costUsd\n        }\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}\n\nsubscription BenchStream($input: GenerateStreamInput!) {\n  generateStream(input: $input) {\n    __typename\n    generationId\n    sequence\n    ... on TextDelta {\n      text\n    }\n    ... on GenerationCompleted {\n      usage {\n        outputTokens\n      }\n    }\n    ... on GenerationFailed {\n      message\n    }\n  }\n}": typeof types.BenchGenerateDocument,
    "mutation CancelBatch($input: CancelBatchInput!) {\n  cancelBatch(input: $input) {\n    ...BatchFields\n  }\n}": typeof types.CancelBatchDocument,
    "mutation CancelGeneration($input: CancelGenerationInput!) {\n  cancelGeneration(input: $input) {\n    generation {\n      ...GenerationFields\n    }\n  }\n}": typeof types.CancelGenerationDocument,
    "mutation CreateClientToken($input: CreateClientTokenInput!) {\n  createClientToken(input: $input) {\n    token\n    expiresAt\n  }\n}": typeof types.CreateClientTokenDocument,
    "query Estimate($input: GenerateInput!) {\n  estimate(input: $input) {\n    inputTokens\n    maxOutputTokens\n    maxCostUsd\n    admitted\n  }\n}": typeof types.EstimateDocument,
    "fragment UsageFields on TokenUsage {\n  inputTokens\n  cachedInputTokens\n  cacheWriteTokens\n  outputTokens\n  reasoningTokens\n  totalTokens\n  costUsd\n  savedUsd\n  source\n}\n\nfragment GenerationFields on Generation {\n  id\n  status\n  model\n  text\n  json\n  reasoning\n  toolCalls {\n    id\n    name\n    arguments\n  }\n  contentState\n  finishReason\n  usage {\n    ...UsageFields\n  }\n  attempts {\n    number\n    provider\n    model\n    outcome\n    errorCode\n    latencyMs\n    firstTokenMs\n    usage {\n      ...UsageFields\n    }\n    providerRequestId\n  }\n  clampedBy\n  warnings\n  createdAt\n  completedAt\n  latencyMs\n  firstTokenMs\n}\n\nfragment ResultFields on GenerateResult {\n  __typename\n  ... on GenerateSuccess {\n    replayed\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on UserError {\n    message\n    path\n  }\n  ... on InvalidInputError {\n    inputCode: code\n  }\n  ... on ContentBlockedError {\n    stage\n    categories\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on OutputInvalidError {\n    pointers\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on ModelUnavailableError {\n    retryAfterMs\n  }\n  ... on GenerationFailedError {\n    failureCode: code\n    retryable\n    retryAfterMs\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on IdempotencyError {\n    idempotencyCode: code\n    retryAfterMs\n  }\n}\n\nfragment EventFields on GenerationEvent {\n  __typename\n  generationId\n  sequence\n  cursor\n  ... on GenerationStarted {\n    model\n    createdAt\n    replayed\n  }\n  ... on TextDelta {\n    text\n    offset\n  }\n  ... on ReasoningDelta {\n    text\n  }\n  ... on ToolCallDelta {\n    index\n    id\n    name\n    argumentsText\n  }\n  ... on GenerationCompleted {\n    finishReason\n    usage {\n      ...UsageFields\n    }\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationFailed {\n    code\n    message\n    retryable\n    retryAfterMs\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationBlocked {\n    stage\n    categories\n    usageSoFar: usage {\n      ...UsageFields\n    }\n  }\n  ... on GenerationCancelled {\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n}\n\nfragment BatchFields on BatchGeneratePayload {\n  batchId\n  status\n  items {\n    index\n    result {\n      ...ResultFields\n    }\n  }\n  succeededCount\n  failedCount\n  usage {\n    ...UsageFields\n  }\n}": typeof types.UsageFieldsFragmentDoc,
    "subscription GenerateStream($input: GenerateStreamInput!, $after: String) {\n  generateStream(input: $input, after: $after) {\n    ...EventFields\n  }\n}": typeof types.GenerateStreamDocument,
    "mutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    ...ResultFields\n  }\n}": typeof types.GenerateDocument,
    "subscription GenerationEvents($generationId: ID!, $after: String) {\n  generationEvents(generationId: $generationId, after: $after) {\n    ...EventFields\n  }\n}": typeof types.GenerationEventsDocument,
    "query Generation($id: ID!) {\n  generation(id: $id) {\n    ...GenerationFields\n  }\n}": typeof types.GenerationDocument,
    "query Models {\n  models {\n    id\n    name\n    capabilities\n    contextWindow\n    maxOutputTokens\n    priceKnown\n    prices {\n      inputUsdPerMillion\n      cachedInputUsdPerMillion\n      cacheWriteUsdPerMillion\n      outputUsdPerMillion\n      version\n    }\n    state\n    health\n  }\n}": typeof types.ModelsDocument,
    "query Node($id: ID!) {\n  node(id: $id) {\n    __typename\n    id\n    ... on Generation {\n      ...GenerationFields\n    }\n    ... on Model {\n      name\n    }\n    ... on Organization {\n      name\n    }\n    ... on Project {\n      name\n    }\n  }\n}": typeof types.NodeDocument,
    "mutation StartBatch($input: BatchGenerateInput!) {\n  startBatch(input: $input) {\n    ...BatchFields\n  }\n}": typeof types.StartBatchDocument,
    "mutation StartGeneration($input: GenerateInput!) {\n  startGeneration(input: $input) {\n    ...ResultFields\n  }\n}": typeof types.StartGenerationDocument,
    "query Viewer {\n  viewer {\n    organization {\n      id\n      name\n    }\n    project {\n      id\n      name\n    }\n    principal\n    roles\n    scopes\n  }\n}": typeof types.ViewerDocument,
};
const documents: Documents = {
    "subscription BatchEvents($batchId: ID!, $after: String) {\n  batchEvents(batchId: $batchId, after: $after) {\n    batchId\n    sequence\n    cursor\n    completed\n    total\n    item {\n      index\n      result {\n        ...ResultFields\n      }\n    }\n  }\n}": types.BatchEventsDocument,
    "mutation BatchGenerate($input: BatchGenerateInput!) {\n  batchGenerate(input: $input) {\n    ...BatchFields\n  }\n}": types.BatchGenerateDocument,
    "query Batch($id: ID!) {\n  batch(id: $id) {\n    ...BatchFields\n  }\n}": types.BatchDocument,
    "mutation BenchGenerate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on GenerateSuccess {\n      generation {\n        id\n        text\n        finishReason\n        usage {\n          inputTokens\n          outputTokens\n          costUsd\n        }\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}\n\nsubscription BenchStream($input: GenerateStreamInput!) {\n  generateStream(input: $input) {\n    __typename\n    generationId\n    sequence\n    ... on TextDelta {\n      text\n    }\n    ... on GenerationCompleted {\n      usage {\n        outputTokens\n      }\n    }\n    ... on GenerationFailed {\n      message\n    }\n  }\n}": types.BenchGenerateDocument,
    "mutation CancelBatch($input: CancelBatchInput!) {\n  cancelBatch(input: $input) {\n    ...BatchFields\n  }\n}": types.CancelBatchDocument,
    "mutation CancelGeneration($input: CancelGenerationInput!) {\n  cancelGeneration(input: $input) {\n    generation {\n      ...GenerationFields\n    }\n  }\n}": types.CancelGenerationDocument,
    "mutation CreateClientToken($input: CreateClientTokenInput!) {\n  createClientToken(input: $input) {\n    token\n    expiresAt\n  }\n}": types.CreateClientTokenDocument,
    "query Estimate($input: GenerateInput!) {\n  estimate(input: $input) {\n    inputTokens\n    maxOutputTokens\n    maxCostUsd\n    admitted\n  }\n}": types.EstimateDocument,
    "fragment UsageFields on TokenUsage {\n  inputTokens\n  cachedInputTokens\n  cacheWriteTokens\n  outputTokens\n  reasoningTokens\n  totalTokens\n  costUsd\n  savedUsd\n  source\n}\n\nfragment GenerationFields on Generation {\n  id\n  status\n  model\n  text\n  json\n  reasoning\n  toolCalls {\n    id\n    name\n    arguments\n  }\n  contentState\n  finishReason\n  usage {\n    ...UsageFields\n  }\n  attempts {\n    number\n    provider\n    model\n    outcome\n    errorCode\n    latencyMs\n    firstTokenMs\n    usage {\n      ...UsageFields\n    }\n    providerRequestId\n  }\n  clampedBy\n  warnings\n  createdAt\n  completedAt\n  latencyMs\n  firstTokenMs\n}\n\nfragment ResultFields on GenerateResult {\n  __typename\n  ... on GenerateSuccess {\n    replayed\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on UserError {\n    message\n    path\n  }\n  ... on InvalidInputError {\n    inputCode: code\n  }\n  ... on ContentBlockedError {\n    stage\n    categories\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on OutputInvalidError {\n    pointers\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on ModelUnavailableError {\n    retryAfterMs\n  }\n  ... on GenerationFailedError {\n    failureCode: code\n    retryable\n    retryAfterMs\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on IdempotencyError {\n    idempotencyCode: code\n    retryAfterMs\n  }\n}\n\nfragment EventFields on GenerationEvent {\n  __typename\n  generationId\n  sequence\n  cursor\n  ... on GenerationStarted {\n    model\n    createdAt\n    replayed\n  }\n  ... on TextDelta {\n    text\n    offset\n  }\n  ... on ReasoningDelta {\n    text\n  }\n  ... on ToolCallDelta {\n    index\n    id\n    name\n    argumentsText\n  }\n  ... on GenerationCompleted {\n    finishReason\n    usage {\n      ...UsageFields\n    }\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationFailed {\n    code\n    message\n    retryable\n    retryAfterMs\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationBlocked {\n    stage\n    categories\n    usageSoFar: usage {\n      ...UsageFields\n    }\n  }\n  ... on GenerationCancelled {\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n}\n\nfragment BatchFields on BatchGeneratePayload {\n  batchId\n  status\n  items {\n    index\n    result {\n      ...ResultFields\n    }\n  }\n  succeededCount\n  failedCount\n  usage {\n    ...UsageFields\n  }\n}": types.UsageFieldsFragmentDoc,
    "subscription GenerateStream($input: GenerateStreamInput!, $after: String) {\n  generateStream(input: $input, after: $after) {\n    ...EventFields\n  }\n}": types.GenerateStreamDocument,
    "mutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    ...ResultFields\n  }\n}": types.GenerateDocument,
    "subscription GenerationEvents($generationId: ID!, $after: String) {\n  generationEvents(generationId: $generationId, after: $after) {\n    ...EventFields\n  }\n}": types.GenerationEventsDocument,
    "query Generation($id: ID!) {\n  generation(id: $id) {\n    ...GenerationFields\n  }\n}": types.GenerationDocument,
    "query Models {\n  models {\n    id\n    name\n    capabilities\n    contextWindow\n    maxOutputTokens\n    priceKnown\n    prices {\n      inputUsdPerMillion\n      cachedInputUsdPerMillion\n      cacheWriteUsdPerMillion\n      outputUsdPerMillion\n      version\n    }\n    state\n    health\n  }\n}": types.ModelsDocument,
    "query Node($id: ID!) {\n  node(id: $id) {\n    __typename\n    id\n    ... on Generation {\n      ...GenerationFields\n    }\n    ... on Model {\n      name\n    }\n    ... on Organization {\n      name\n    }\n    ... on Project {\n      name\n    }\n  }\n}": types.NodeDocument,
    "mutation StartBatch($input: BatchGenerateInput!) {\n  startBatch(input: $input) {\n    ...BatchFields\n  }\n}": types.StartBatchDocument,
    "mutation StartGeneration($input: GenerateInput!) {\n  startGeneration(input: $input) {\n    ...ResultFields\n  }\n}": types.StartGenerationDocument,
    "query Viewer {\n  viewer {\n    organization {\n      id\n      name\n    }\n    project {\n      id\n      name\n    }\n    principal\n    roles\n    scopes\n  }\n}": types.ViewerDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription BatchEvents($batchId: ID!, $after: String) {\n  batchEvents(batchId: $batchId, after: $after) {\n    batchId\n    sequence\n    cursor\n    completed\n    total\n    item {\n      index\n      result {\n        ...ResultFields\n      }\n    }\n  }\n}"): (typeof documents)["subscription BatchEvents($batchId: ID!, $after: String) {\n  batchEvents(batchId: $batchId, after: $after) {\n    batchId\n    sequence\n    cursor\n    completed\n    total\n    item {\n      index\n      result {\n        ...ResultFields\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation BatchGenerate($input: BatchGenerateInput!) {\n  batchGenerate(input: $input) {\n    ...BatchFields\n  }\n}"): (typeof documents)["mutation BatchGenerate($input: BatchGenerateInput!) {\n  batchGenerate(input: $input) {\n    ...BatchFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Batch($id: ID!) {\n  batch(id: $id) {\n    ...BatchFields\n  }\n}"): (typeof documents)["query Batch($id: ID!) {\n  batch(id: $id) {\n    ...BatchFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation BenchGenerate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on GenerateSuccess {\n      generation {\n        id\n        text\n        finishReason\n        usage {\n          inputTokens\n          outputTokens\n          costUsd\n        }\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}\n\nsubscription BenchStream($input: GenerateStreamInput!) {\n  generateStream(input: $input) {\n    __typename\n    generationId\n    sequence\n    ... on TextDelta {\n      text\n    }\n    ... on GenerationCompleted {\n      usage {\n        outputTokens\n      }\n    }\n    ... on GenerationFailed {\n      message\n    }\n  }\n}"): (typeof documents)["mutation BenchGenerate($input: GenerateInput!) {\n  generate(input: $input) {\n    __typename\n    ... on GenerateSuccess {\n      generation {\n        id\n        text\n        finishReason\n        usage {\n          inputTokens\n          outputTokens\n          costUsd\n        }\n      }\n    }\n    ... on UserError {\n      message\n    }\n  }\n}\n\nsubscription BenchStream($input: GenerateStreamInput!) {\n  generateStream(input: $input) {\n    __typename\n    generationId\n    sequence\n    ... on TextDelta {\n      text\n    }\n    ... on GenerationCompleted {\n      usage {\n        outputTokens\n      }\n    }\n    ... on GenerationFailed {\n      message\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CancelBatch($input: CancelBatchInput!) {\n  cancelBatch(input: $input) {\n    ...BatchFields\n  }\n}"): (typeof documents)["mutation CancelBatch($input: CancelBatchInput!) {\n  cancelBatch(input: $input) {\n    ...BatchFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CancelGeneration($input: CancelGenerationInput!) {\n  cancelGeneration(input: $input) {\n    generation {\n      ...GenerationFields\n    }\n  }\n}"): (typeof documents)["mutation CancelGeneration($input: CancelGenerationInput!) {\n  cancelGeneration(input: $input) {\n    generation {\n      ...GenerationFields\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation CreateClientToken($input: CreateClientTokenInput!) {\n  createClientToken(input: $input) {\n    token\n    expiresAt\n  }\n}"): (typeof documents)["mutation CreateClientToken($input: CreateClientTokenInput!) {\n  createClientToken(input: $input) {\n    token\n    expiresAt\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Estimate($input: GenerateInput!) {\n  estimate(input: $input) {\n    inputTokens\n    maxOutputTokens\n    maxCostUsd\n    admitted\n  }\n}"): (typeof documents)["query Estimate($input: GenerateInput!) {\n  estimate(input: $input) {\n    inputTokens\n    maxOutputTokens\n    maxCostUsd\n    admitted\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "fragment UsageFields on TokenUsage {\n  inputTokens\n  cachedInputTokens\n  cacheWriteTokens\n  outputTokens\n  reasoningTokens\n  totalTokens\n  costUsd\n  savedUsd\n  source\n}\n\nfragment GenerationFields on Generation {\n  id\n  status\n  model\n  text\n  json\n  reasoning\n  toolCalls {\n    id\n    name\n    arguments\n  }\n  contentState\n  finishReason\n  usage {\n    ...UsageFields\n  }\n  attempts {\n    number\n    provider\n    model\n    outcome\n    errorCode\n    latencyMs\n    firstTokenMs\n    usage {\n      ...UsageFields\n    }\n    providerRequestId\n  }\n  clampedBy\n  warnings\n  createdAt\n  completedAt\n  latencyMs\n  firstTokenMs\n}\n\nfragment ResultFields on GenerateResult {\n  __typename\n  ... on GenerateSuccess {\n    replayed\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on UserError {\n    message\n    path\n  }\n  ... on InvalidInputError {\n    inputCode: code\n  }\n  ... on ContentBlockedError {\n    stage\n    categories\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on OutputInvalidError {\n    pointers\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on ModelUnavailableError {\n    retryAfterMs\n  }\n  ... on GenerationFailedError {\n    failureCode: code\n    retryable\n    retryAfterMs\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on IdempotencyError {\n    idempotencyCode: code\n    retryAfterMs\n  }\n}\n\nfragment EventFields on GenerationEvent {\n  __typename\n  generationId\n  sequence\n  cursor\n  ... on GenerationStarted {\n    model\n    createdAt\n    replayed\n  }\n  ... on TextDelta {\n    text\n    offset\n  }\n  ... on ReasoningDelta {\n    text\n  }\n  ... on ToolCallDelta {\n    index\n    id\n    name\n    argumentsText\n  }\n  ... on GenerationCompleted {\n    finishReason\n    usage {\n      ...UsageFields\n    }\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationFailed {\n    code\n    message\n    retryable\n    retryAfterMs\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationBlocked {\n    stage\n    categories\n    usageSoFar: usage {\n      ...UsageFields\n    }\n  }\n  ... on GenerationCancelled {\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n}\n\nfragment BatchFields on BatchGeneratePayload {\n  batchId\n  status\n  items {\n    index\n    result {\n      ...ResultFields\n    }\n  }\n  succeededCount\n  failedCount\n  usage {\n    ...UsageFields\n  }\n}"): (typeof documents)["fragment UsageFields on TokenUsage {\n  inputTokens\n  cachedInputTokens\n  cacheWriteTokens\n  outputTokens\n  reasoningTokens\n  totalTokens\n  costUsd\n  savedUsd\n  source\n}\n\nfragment GenerationFields on Generation {\n  id\n  status\n  model\n  text\n  json\n  reasoning\n  toolCalls {\n    id\n    name\n    arguments\n  }\n  contentState\n  finishReason\n  usage {\n    ...UsageFields\n  }\n  attempts {\n    number\n    provider\n    model\n    outcome\n    errorCode\n    latencyMs\n    firstTokenMs\n    usage {\n      ...UsageFields\n    }\n    providerRequestId\n  }\n  clampedBy\n  warnings\n  createdAt\n  completedAt\n  latencyMs\n  firstTokenMs\n}\n\nfragment ResultFields on GenerateResult {\n  __typename\n  ... on GenerateSuccess {\n    replayed\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on UserError {\n    message\n    path\n  }\n  ... on InvalidInputError {\n    inputCode: code\n  }\n  ... on ContentBlockedError {\n    stage\n    categories\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on OutputInvalidError {\n    pointers\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on ModelUnavailableError {\n    retryAfterMs\n  }\n  ... on GenerationFailedError {\n    failureCode: code\n    retryable\n    retryAfterMs\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on IdempotencyError {\n    idempotencyCode: code\n    retryAfterMs\n  }\n}\n\nfragment EventFields on GenerationEvent {\n  __typename\n  generationId\n  sequence\n  cursor\n  ... on GenerationStarted {\n    model\n    createdAt\n    replayed\n  }\n  ... on TextDelta {\n    text\n    offset\n  }\n  ... on ReasoningDelta {\n    text\n  }\n  ... on ToolCallDelta {\n    index\n    id\n    name\n    argumentsText\n  }\n  ... on GenerationCompleted {\n    finishReason\n    usage {\n      ...UsageFields\n    }\n    generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationFailed {\n    code\n    message\n    retryable\n    retryAfterMs\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n  ... on GenerationBlocked {\n    stage\n    categories\n    usageSoFar: usage {\n      ...UsageFields\n    }\n  }\n  ... on GenerationCancelled {\n    usageSoFar: usage {\n      ...UsageFields\n    }\n    generationSoFar: generation {\n      ...GenerationFields\n    }\n  }\n}\n\nfragment BatchFields on BatchGeneratePayload {\n  batchId\n  status\n  items {\n    index\n    result {\n      ...ResultFields\n    }\n  }\n  succeededCount\n  failedCount\n  usage {\n    ...UsageFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription GenerateStream($input: GenerateStreamInput!, $after: String) {\n  generateStream(input: $input, after: $after) {\n    ...EventFields\n  }\n}"): (typeof documents)["subscription GenerateStream($input: GenerateStreamInput!, $after: String) {\n  generateStream(input: $input, after: $after) {\n    ...EventFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    ...ResultFields\n  }\n}"): (typeof documents)["mutation Generate($input: GenerateInput!) {\n  generate(input: $input) {\n    ...ResultFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription GenerationEvents($generationId: ID!, $after: String) {\n  generationEvents(generationId: $generationId, after: $after) {\n    ...EventFields\n  }\n}"): (typeof documents)["subscription GenerationEvents($generationId: ID!, $after: String) {\n  generationEvents(generationId: $generationId, after: $after) {\n    ...EventFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Generation($id: ID!) {\n  generation(id: $id) {\n    ...GenerationFields\n  }\n}"): (typeof documents)["query Generation($id: ID!) {\n  generation(id: $id) {\n    ...GenerationFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Models {\n  models {\n    id\n    name\n    capabilities\n    contextWindow\n    maxOutputTokens\n    priceKnown\n    prices {\n      inputUsdPerMillion\n      cachedInputUsdPerMillion\n      cacheWriteUsdPerMillion\n      outputUsdPerMillion\n      version\n    }\n    state\n    health\n  }\n}"): (typeof documents)["query Models {\n  models {\n    id\n    name\n    capabilities\n    contextWindow\n    maxOutputTokens\n    priceKnown\n    prices {\n      inputUsdPerMillion\n      cachedInputUsdPerMillion\n      cacheWriteUsdPerMillion\n      outputUsdPerMillion\n      version\n    }\n    state\n    health\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Node($id: ID!) {\n  node(id: $id) {\n    __typename\n    id\n    ... on Generation {\n      ...GenerationFields\n    }\n    ... on Model {\n      name\n    }\n    ... on Organization {\n      name\n    }\n    ... on Project {\n      name\n    }\n  }\n}"): (typeof documents)["query Node($id: ID!) {\n  node(id: $id) {\n    __typename\n    id\n    ... on Generation {\n      ...GenerationFields\n    }\n    ... on Model {\n      name\n    }\n    ... on Organization {\n      name\n    }\n    ... on Project {\n      name\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation StartBatch($input: BatchGenerateInput!) {\n  startBatch(input: $input) {\n    ...BatchFields\n  }\n}"): (typeof documents)["mutation StartBatch($input: BatchGenerateInput!) {\n  startBatch(input: $input) {\n    ...BatchFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation StartGeneration($input: GenerateInput!) {\n  startGeneration(input: $input) {\n    ...ResultFields\n  }\n}"): (typeof documents)["mutation StartGeneration($input: GenerateInput!) {\n  startGeneration(input: $input) {\n    ...ResultFields\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Viewer {\n  viewer {\n    organization {\n      id\n      name\n    }\n    project {\n      id\n      name\n    }\n    principal\n    roles\n    scopes\n  }\n}"): (typeof documents)["query Viewer {\n  viewer {\n    organization {\n      id\n      name\n    }\n    project {\n      id\n      name\n    }\n    principal\n    roles\n    scopes\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;