// A key of a provider is replaced under a gateway that goes on answering: both keys by a reload, the old one revoked,
// then taken away, and not one call fails.

import { expect, it } from '@jest/globals';
import { print } from 'graphql';
import { GenerateDocument } from '../generated/graphql.ts';
import { startGateway } from '../support/start-gateway.ts';
import { readStream } from '../support/stream-transports.ts';

const OLD = 'sk-canary-old-key-of-the-provider';
const NEW = 'sk-canary-new-key-of-the-provider';

it('a key of a provider is replaced without a failed call', async () => {
  await using gateway = await startGateway({ simulator: { apiKey: OLD }, provider: `apiKey: "${OLD}"` });
  const statuses = (): (number | undefined)[] => gateway.simulator.bill().requests.map(({ status }) => status);
  const generate = async (key: string): Promise<unknown> => {
    const variables = { input: { model: 'sim-instant', prompt: 'hello', idempotencyKey: key } };
    const { data } = await gateway.send({ query: print(GenerateDocument), variables });
    return data.generate;
  };
  const stream = (key: string) =>
    readStream(gateway, 'sse', { input: { request: { model: 'sim-instant', prompt: 'hello' }, idempotencyKey: key } });
  const answers = async (key: string): Promise<void> => {
    expect(await generate(key)).toMatchObject({
      __typename: 'GenerateSuccess',
      generation: { attempts: [{ number: 1, outcome: 'SUCCEEDED' }], usage: { source: 'PROVIDER' } },
    });
    expect((await stream(`${key}-stream`)).at(-1)).toMatchObject({ __typename: 'GenerationCompleted' });
  };
  const told = (pattern: RegExp): number => gateway.logLines.filter((line) => pattern.test(line)).length;

  await answers('before');
  // The new key is not known to the provider yet.
  await gateway.reload({ provider: `apiKey: "${NEW}", previousApiKey: "${OLD}"` });
  await answers('not yet');
  expect(statuses()).toEqual([200, 200, 401, 200, 401, 200]);
  expect(told(/refuses its apiKey/)).toBe(1);
  gateway.simulator.acceptKeys(OLD, NEW);
  await answers('both');
  // The old one is revoked.
  gateway.simulator.acceptKeys(NEW);
  await answers('revoked');
  expect(told(/takes its apiKey/)).toBe(1);
  await gateway.reload({ provider: `apiKey: "${NEW}"` });
  await answers('after');
  expect(statuses().slice(6)).toEqual(Array(6).fill(200));
  // Nobody is left to fall back on.
  gateway.simulator.acceptKeys(OLD);
  expect(await generate('gone')).toMatchObject({
    __typename: 'GenerationFailedError',
    failureCode: 'UPSTREAM_REJECTED',
    message: expect.stringContaining('refused our credential'),
  });
  expect(gateway.logLines.join()).not.toContain('canary');
});
