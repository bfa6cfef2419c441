// What callers see of a stop whose grace is too short for what they wait for.

import { expect, it } from '@jest/globals';
import { GenerateDocument } from '../generated/graphql.ts';
import { startGateway } from '../support/start-gateway.ts';
import { readStream } from '../support/stream-transports.ts';

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
