// Providers from one configuration to the next.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ProviderSettings } from '../../../src/providers/create-provider.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { createRetiredProviders, offerProviders } from '../../../src/providers/provider-set.ts';
import { providerCall } from './chat-samples.ts';

const answer = JSON.stringify({
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
});
let connections = 0;
const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer));
});
server.on('connection', () => connections++);
let baseUrl: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const settings = (apiKey: string): ProviderSettings => ({ id: 'p', kind: 'openai-compatible', baseUrl, apiKey });
const call = (provider: Provider | undefined) => provider?.chat(providerCall({ streamed: false }), () => undefined);

it('are the same where their settings are, with the connections they have', async () => {
  const first = offerProviders([settings('a'), settings('b')], []);
  await call(first[0]?.provider);
  const second = offerProviders([settings('c'), settings('a')], first);
  expect(second[1]).toBe(first[0]);
  expect(second[0]?.provider).not.toBe(first[1]?.provider);
  // A connection is free again a turn after its answer.
  await new Promise((resolve) => setImmediate(resolve));
  await call(second[1]?.provider);
  expect(connections).toBe(1);
  await Promise.all([...first, ...second].map(({ provider }) => provider.close()));
});

it('of a package are the same where it was made of the same, though it is loaded anew', () => {
  const made = (fingerprint: string): ProviderSettings => ({
    ...settings('f'),
    kind: 'ai-sdk',
    aiSdk: { name: 'made-up', fingerprint, create: () => ({ languageModel: () => ({}) }) },
  });
  const first = offerProviders([made('1')], []);
  expect(offerProviders([made('1')], first)[0]).toBe(first[0]);
  expect(offerProviders([made('2')], first)[0]).not.toBe(first[0]);
});

it('that are offered no more still serve the calls that have them, and are closed at the end', async () => {
  const [retiring] = offerProviders([settings('d')], []);
  const retired = createRetiredProviders();
  retired.add([retiring?.provider as Provider]);
  await expect(call(retiring?.provider)).resolves.toMatchObject({ finishReason: 'STOP' });
  await retired.close();
  await expect(call(retiring?.provider)).rejects.toThrow();
});
