// endUserId over the whole gateway: taken from keys that may speak for end users, refused from others on every
// transport in the way each has for it, and neither logged nor sent on.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { print } from 'graphql';
import {
  BatchGenerateDocument,
  EstimateDocument,
  GenerateDocument,
  GenerateStreamDocument,
} from '../generated/graphql.ts';
import { everyTransport, sendOver } from '../support/every-transport.ts';
import { otherKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

const speakerKey = 'sk_test_speaker_0123456789abcdef0123456789abcdef';
const USER = 'CANARY-the-end-user';
const call = { model: 'sim-instant', prompt: 'hello', endUserId: USER };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ apiKeys: [`{ name: speaker, key: "${speakerKey}", endUsers: true }`] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

it.each(everyTransport)('over %s', async (transport) => {
  const input = { request: call, idempotencyKey: transport };
  const payload =
    transport === 'POST'
      ? { query: print(GenerateDocument), variables: { input: call } }
      : { query: print(GenerateStreamDocument), variables: { input } };
  const target = { url: gateway.graphqlUrl };
  const taken = await sendOver(transport, { ...target, key: speakerKey }, payload);
  expect(taken.errors).toEqual([]);
  expect(taken.text).toMatch(/"(GenerateSuccess|GenerationCompleted)"/);
  const refused = await sendOver(transport, { ...target, key: otherKey }, payload);
  if (transport === 'POST') {
    const result = refused.results[0]?.data?.['generate'];
    expect(result).toMatchObject({
      __typename: 'InvalidInputError',
      inputCode: 'INVALID',
      path: ['input', 'endUserId'],
    });
  } else {
    const path = ['input', 'request', 'endUserId'];
    expect(refused.errors).toMatchObject([{ extensions: { code: 'INVALID', path } }]);
    expect(refused.status).toBe(transport === 'WebSocket' ? undefined : 400);
  }
  expect(taken.text + refused.text).not.toContain(USER);
});

it('is refused for one item of a batch alone, and in an estimate', async () => {
  const items = [{ ...call, endUserId: undefined }, call];
  const batch = await gateway.send({
    query: print(BatchGenerateDocument),
    variables: { input: { items } },
    key: otherKey,
  });
  expect(batch.data.batchGenerate.items).toMatchObject([
    { result: { __typename: 'GenerateSuccess' } },
    { result: { __typename: 'InvalidInputError', path: ['input', 'items', '1', 'endUserId'] } },
  ]);
  const estimate = await gateway.send({ query: print(EstimateDocument), variables: { input: call }, key: otherKey });
  expect(estimate.errors).toMatchObject([{ extensions: { code: 'INVALID', path: ['input', 'endUserId'] } }]);
});

it('reaches neither the log nor the provider', () => {
  const { requests } = gateway.simulator.bill();
  expect(requests.length).toBeGreaterThanOrEqual(everyTransport.length);
  expect(JSON.stringify(requests.map(({ request }) => request))).not.toContain(USER);
  expect(gateway.logLines.join()).not.toContain(USER);
});
