// The adapter for Anthropic's Messages on aimock.

import { createProvider } from '../../src/providers/create-provider.ts';
import { describeOnAimock } from './aimock-conformance.ts';

describeOnAimock('anthropic', {
  create: (url) => createProvider({ id: 'mocked', kind: 'anthropic', baseUrl: `${url}/v1`, apiKey: 'sk-ant-mock' }),
  model: 'claude-sonnet-4-5',
  usage: ['input_tokens', 'output_tokens'],
  requestPath: /^\/v1\/messages$/,
});
