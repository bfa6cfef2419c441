// The adapter for chat completions on aimock.

import { createProvider } from '../../src/providers/create-provider.ts';
import { type AimockSubject, describeOnAimock } from './aimock-conformance.ts';

const subjectOf = (kind: 'openai' | 'openai-compatible'): AimockSubject => ({
  create: (url) => createProvider({ id: 'mocked', kind, baseUrl: `${url}/v1`, apiKey: 'sk-mock' }),
  model: 'gpt-4o',
  usage: ['prompt_tokens', 'completion_tokens'],
  requestPath: /^\/v1\/chat\/completions$/,
});

describeOnAimock('openai', subjectOf('openai'));
describeOnAimock('openai-compatible', subjectOf('openai-compatible'));
