// What callers see of a stop whose grace is too short for what they wait for.

import { expect, it } from '@jest/globals';
import { BatchEventsDocument, GenerateDocument, StartBatchDocument } from '../generated/graphql.ts';
import { startGateway } from '../support/start-gateway.ts';
import { readStream, readSubscription } from '../support/stream-transports.ts';

it('ends plain calls and streams with an error that may be tried again, not with a broken connection', async () => {
  const gateway = await startGateway();
  try {
    gateway.simulator.script({ tokens: ['one ', 'two '], hang: { afterTokens: 2 } });
    const request = { model: 'sim-instant', prompt: 'Tell me' };
    const plain = gateway.run(GenerateDocument, { input: request });
    const stream = readStream(gateway, 'sse', { input: { idempotencyKey: 'stopped', request } });
    await gateway.simulator.waitFor((bill) => bill.inFlight === 2);
    const stopped = gateway.stop(200);
    expect((await plain).generate).toMatchObject({
      __typename: 'GenerationFailedError',
      failureCode: 'NODE_LOST',
      retryable: true,
    });
    expect((await stream).at(-1)).toMatchObject({ __typename: 'GenerationFailed', code: 'NODE_LOST', retryable: true });
    await stopped;
    await gateway.simulator.waitFor((bill) => bill.requests.every((entry) => entry.state === 'ABORTED'));
  } finally {
    await gateway[Symbol.asyncDispose]();
  }
});

it('ends a started batch with errors that may be tried again, told to whoever listens', async () => {
  const gateway = await startGateway();
  try {
    gateway.simulator.script({ tokens: ['one ', 'two '], hang: { afterTokens: 2 } });
    const items = Array.from({ length: 3 }, () => ({ model: 'sim-instant', prompt: 'Tell me' }));
    const { startBatch } = await gateway.run(StartBatchDocument, { input: { items, concurrency: 1 } });
    const variables = { batchId: startBatch?.batchId ?? '' };
    const events = readSubscription(gateway, 'sse', BatchEventsDocument, 'batchEvents', variables);
    await gateway.simulator.waitFor((bill) => bill.inFlight === 1);
    const stopped = gateway.stop(200);
    const told = await events;
    expect(told.at(-1)).toMatchObject({ completed: 3, total: 3 });
    expect(told.slice(1).map(({ item }) => item?.result)).toMatchObject(
      items.map(() => ({ __typename: 'GenerationFailedError', failureCode: 'NODE_LOST', retryable: true })),
    );
    await stopped;
    expect(gateway.simulator.bill().requests).toHaveLength(1);
  } finally {
    await gateway[Symbol.asyncDispose]();
  }
});
