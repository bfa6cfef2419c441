// What the types of inputs cannot tell: values that mean something, by input type and field (or field and argument).
// A field that is missing here and whose made-up value is refused fails the test, which says what to add.

import { toBeConfirmed } from './confirmation.ts';
import { scripted, simulate } from './scripted.ts';

export interface SampleContext {
  /** Word that all texts of the organization contain, e.g. `amber`. */
  readonly word: string;
  readonly nowMs: number;
  /** Another text each time. */
  unique(): string;
  /** A stream that was made: its key, and the cursor of its first event. */
  readonly stream: { readonly key: string; readonly cursor: string };
}

export type Sample = unknown | ((context: SampleContext) => unknown);

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

export const samples: Readonly<Record<string, Sample>> = {
  'GenerateInput.model': 'sim-instant',
  'GenerateInput.prompt': ({ word }: SampleContext) => scripted.say(word),
  'GenerateInput.messages': ({ word }: SampleContext) => [
    { role: 'USER', content: simulate('Look it up.', { tokens: [`${word}-content`] }) },
    { role: 'ASSISTANT', toolCalls: [{ id: 'call-1', name: 'look', arguments: {} }] },
    { role: 'TOOL', toolCallId: 'call-1', content: 'found' },
  ],
  'GenerateInput.tools': [{ name: 'look', parameters: { type: 'object' } }],
  'OutputInput.schema': { type: 'object', required: ['answer'] },
  'MessageInput.role': 'USER',
  'ToolCallInput.id': 'call-1',
  'MessageInput.toolCallId': 'call-1',
  'ToolChoiceInput.name': 'look',
  'Subscription.generateStream(after)': ({ stream }: SampleContext) => stream.cursor,
  'ToolInput.name': 'look',
  'ToolChoiceInput.mode': 'AUTO',
  'OutputInput.name': 'answer',
  'LabelInput.name': 'team',
  'PartInput.imageUrl': 'https://pictures.example.com/a.png',
  'PartInput.imageBase64': pixel,
  'PartInput.mediaType': 'image/png',
  'ReasoningInput.maxTokens': 1,
  'GenerateInput.maxOutputTokens': 100,
  'GenerateInput.timeoutMs': 60_000,
  'CreateClientTokenInput.ttlSeconds': 60,
  'CreateClientTokenInput.models': ['sim-instant'],
  'CreateClientTokenInput.origins': ['https://app.example.com'],
  'DeleteInput.confirmation': toBeConfirmed,
  'SetModelStateInput.model': 'sim-fast',
  'SetModelStateInput.state': 'ENABLED',
  'SetProviderStateInput.provider': 'sim',
  'SetProviderStateInput.state': 'ENABLED',
  'CreateOrganizationInput.allowedModels': 'sim-instant',
  'UpdateOrganizationInput.allowedModels': 'sim-instant',
  'CreateProjectInput.allowedModels': 'sim-instant',
  'UpdateProjectInput.allowedModels': 'sim-instant',
  'CreateApiKeyInput.allowedModels': 'sim-instant',
  'UpdateApiKeyInput.allowedModels': 'sim-instant',
  'CreateApiKeyInput.allowedOrigins': 'https://app.example.com',
  'UpdateApiKeyInput.allowedOrigins': 'https://app.example.com',
  'CreateApiKeyInput.allowedCidrs': '10.0.0.0/8',
  'UpdateApiKeyInput.allowedCidrs': '10.0.0.0/8',
  'CreateApiKeyInput.scopes': 'generate',
  'UpdateApiKeyInput.scopes': 'generate',
  'GrantRoleInput.scopes': 'content:read',
};

/** Optional in its type, but one of them has to be there. */
export const given: ReadonlySet<string> = new Set(['GenerateInput.prompt', 'MessageInput.content', 'PartInput.text']);

/** Of each group one is given. */
export const alternatives: Readonly<Record<string, readonly (readonly string[])[]>> = {
  GenerateInput: [['prompt', 'messages']],
  MessageInput: [['content', 'parts']],
  PartInput: [['text', 'imageUrl', 'imageBase64']],
};

/** What has to be given with it. */
export const together: Readonly<Record<string, Readonly<Record<string, Sample>>>> = {
  'PartInput.imageBase64': { 'PartInput.mediaType': 'image/png' },
  'PartInput.mediaType': { 'PartInput.imageBase64': pixel },
  'GenerateInput.toolChoice': { 'GenerateInput.tools': [{ name: 'look', parameters: { type: 'object' } }] },
  'ToolChoiceInput.name': { 'ToolChoiceInput.mode': 'TOOL' },
  'GenerateInput.output': {
    'GenerateInput.prompt': ({ word }: SampleContext) => simulate('As JSON.', { text: `{"answer":"${word}-content"}` }),
  },
  'OutputInput.schema': { 'OutputInput.format': 'JSON' },
  'Subscription.generateStream(after)': {
    'GenerateStreamInput.idempotencyKey': ({ stream }: SampleContext) => stream.key,
    'GenerateInput.prompt': ({ word }: SampleContext) => scripted.stream(word),
  },
};

/** Tried besides, for what has other kinds of answers. */
export const further: Readonly<Record<string, readonly Sample[]>> = {
  'GenerateInput.prompt': [
    ({ word }: SampleContext) =>
      simulate('Use it.', { toolCalls: [{ name: 'look', arguments: { at: `${word}-content` } }] }),
    ({ word }: SampleContext) => simulate('Think.', { reasoning: `${word}-content`, text: `${word}-content` }),
    simulate('Be blocked.', { contentFilter: ['violence'] }),
    simulate('Fail.', { status: 400 }),
    simulate('Be busy.', { status: 429, retryAfterSeconds: 1 }),
    simulate('Break.', { cut: { afterTokens: 1 } }),
  ],
  'GenerateInput.maxOutputTokens': [1_000_000, 0],
  'GenerateInput.idempotencyKey': [({ stream }: SampleContext) => stream.key],
  'OutputInput.schema': [{ type: 'string' }],
};

/** What a caller calls things of its own request: it names nothing that is kept. */
export const ofOneRequest: ReadonlySet<string> = new Set([
  'ToolCallInput.id',
  'ToolCallInput.name',
  'MessageInput.toolCallId',
  'ToolInput.name',
  'ToolChoiceInput.name',
  'OutputInput.name',
  'LabelInput.name',
]);

/** Where an input that others share is not taken. */
export const notTaken: ReadonlySet<string> = new Set(['Subscription.generateStream GenerateInput.idempotencyKey']);

/** Output fields that need not have a value for their owner here, for they tell of no record. */
export const neverTold: ReadonlySet<string> = new Set([
  // Which place of the input is at fault: of what went wrong elsewhere, none is.
  'ContentBlockedError.path',
  'OutputInvalidError.path',
  'ModelUnavailableError.path',
  'GenerationFailedError.path',
  // All providers here can be reached.
  'ModelUnavailableError.message',
  'ModelUnavailableError.retryAfterMs',
  // Where another server runs the key.
  'IdempotencyError.retryAfterMs',
]);
