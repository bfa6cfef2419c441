// The adapter for Gemini's generateContent on aimock.

import { createProvider } from '../../src/providers/create-provider.ts';
import { describeOnAimock } from './aimock-conformance.ts';

describeOnAimock('gemini', {
  create: (url) => createProvider({ id: 'mocked', kind: 'gemini', baseUrl: `${url}/v1beta`, apiKey: 'mock' }),
  model: 'gemini-2.5-flash',
  usage: ['promptTokenCount', 'candidatesTokenCount'],
  requestPath: /^\/v1beta\/models\/gemini-2\.5-flash:generateContent$/,
});
