// The adapter for packages of the AI SDK on aimock: chat completions, and Bedrock's Converse with its binary event stream.

import { aiSdkProvider, bedrockSettings } from '../support/ai-sdk-provider.ts';
import { describeOnAimock } from './aimock-conformance.ts';

describeOnAimock('ai-sdk with @ai-sdk/openai-compatible', {
  create: (url) => {
    const settings = {
      name: 'mocked',
      baseURL: `${url}/v1`,
      apiKey: 'sk-mock',
      supportsStructuredOutputs: true,
    };
    return aiSdkProvider('@ai-sdk/openai-compatible', settings);
  },
  model: 'gpt-4o',
  usage: ['prompt_tokens', 'completion_tokens'],
  requestPath: /^\/v1\/chat\/completions$/,
});

describeOnAimock('ai-sdk with @ai-sdk/amazon-bedrock', {
  create: (url) => aiSdkProvider('@ai-sdk/amazon-bedrock', bedrockSettings(url)),
  model: 'anthropic.claude-3-5-sonnet-20241022-v2:0',
  usage: ['input_tokens', 'output_tokens'],
  requestPath: /^\/model\/anthropic\.claude-3-5-sonnet-20241022-v2(?::|%3A)0\/converse$/,
  // The package asks for JSON by a tool of this name.
  jsonAnswer: (json) => ({ toolCalls: [{ name: 'json', arguments: json }] }),
});
