// The kill switches over two gateways that share a database: set on one, both go by it, streams end with the truth on
// every transport, and a gateway that starts later knows it from the beginning.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { print } from 'graphql';
import {
  BatchEventsDocument,
  CancelGenerationDocument,
  EstimateDocument,
  type EventFieldsFragment,
  GenerateDocument,
  GenerationDocument,
  ModelsDocument,
  SetModelStateDocument,
  SetProviderStateDocument,
  StartBatchDocument,
  type SwitchState,
} from '../generated/graphql.ts';
import { otherKey, type StartGatewayOptions, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { readStream, readSubscription, type Transport, transports } from '../support/stream-transports.ts';
import { createTestPostgres } from '../support/test-database.ts';

let database: Awaited<ReturnType<typeof createTestPostgres>>;
let options: StartGatewayOptions;
let here: TestGateway;
let there: TestGateway;
beforeAll(async () => {
  database = await createTestPostgres();
  options = { env: { DATABASE_URL: database.url, SLUICE_SECRET: 'a secret of this test alone, 32 bytes and more' } };
  here = await startGateway(options);
  there = await startGateway(options);
});
afterAll(async () => {
  await Promise.all([here, there].map((gateway) => gateway?.[Symbol.asyncDispose]()));
  await database[Symbol.asyncDispose]();
});

const turnModel = (state: SwitchState) => here.run(SetModelStateDocument, { input: { model: 'sim-fast', state } });
const turnProvider = (state: SwitchState) => here.run(SetProviderStateDocument, { input: { provider: 'sim', state } });
beforeEach(async () => {
  for (const gateway of [here, there]) gateway.simulator.reset();
  await turnModel('ENABLED');
  await turnProvider('ENABLED');
});

const input = { model: 'sim-fast', prompt: 'hello' };
const generate = (gateway: TestGateway, more: object = {}) =>
  gateway.run(GenerateDocument, { input: { ...input, ...more } }).then(({ generate: result }) => result);
/** A stream that has begun and hangs; its events once it has ended. */
async function hangingStream(gateway: TestGateway, transport: Transport, idempotencyKey: string, { model } = input) {
  gateway.simulator.script({ model, hang: { afterTokens: 4 }, times: 1 });
  const begun = Promise.withResolvers<void>();
  const onEvent = ({ __typename }: EventFieldsFragment): void => {
    if (__typename === 'TextDelta') begun.resolve();
  };
  const events = readStream(
    gateway,
    transport,
    { input: { request: { ...input, model }, idempotencyKey } },
    { onEvent },
  );
  await Promise.race([begun.promise, events]);
  return { events };
}

describe('a model that is switched off', () => {
  it.each<SwitchState>(['DRAINING', 'DISABLED'])(
    'takes no new calls on the gateway where it was set to %s',
    async (state) => {
      const kept = await generate(here, { idempotencyKey: `kept ${state}` });
      const set = await turnModel(state);
      expect(set.setModelState?.model).toMatchObject({ name: 'sim-fast', state });
      const { requests } = here.simulator.bill();
      expect(await generate(here)).toMatchObject({ __typename: 'ModelUnavailableError' });
      for (const transport of transports) {
        const key = `${transport} ${state}`;
        expect(await readStream(here, transport, { input: { request: input, idempotencyKey: key } })).toMatchObject([
          { __typename: 'GenerationStarted' },
          { __typename: 'GenerationFailed', code: 'UPSTREAM_ERROR', retryable: true },
        ]);
      }
      expect(await generate(here, { idempotencyKey: `kept ${state}` })).toMatchObject({
        ...kept,
        replayed: true,
        generation: { usage: { costUsd: '0' } },
      });
      expect((await here.run(EstimateDocument, { input })).estimate.admitted).toBe(false);
      const { models } = await here.run(ModelsDocument, {});
      expect(models.map(({ name, state: told, health }) => [name, told, health])).toEqual([
        ['sim-fast', state, 'UNAVAILABLE'],
        ['sim-smart', 'ENABLED', 'HEALTHY'],
        ['sim-instant', 'ENABLED', 'HEALTHY'],
      ]);
      expect(here.simulator.bill().requests).toHaveLength(requests.length);
    },
  );

  it.each(transports)('by DISABLED ends streams over %s, billed as far as they came', async (transport) => {
    const { events } = await hangingStream(here, transport, `ends ${transport}`);
    await turnModel('DISABLED');
    const last = (await events).at(-1);
    expect(last).toMatchObject({
      __typename: 'GenerationFailed',
      code: 'UPSTREAM_ERROR',
      message: expect.stringContaining('switched this model off'),
      generationSoFar: { status: 'FAILED', finishReason: 'ERROR', usage: { source: 'ESTIMATED' } },
    });
    const bill = await here.simulator.waitFor(({ inFlight }) => inFlight === 0);
    expect(bill.requests.at(-1)?.state).toBe('ABORTED');
  });

  it('by DRAINING lets a stream go on, which is attached to and cancelled as ever', async () => {
    const { events } = await hangingStream(here, 'sse', 'goes on');
    await turnModel('DRAINING');
    expect(await generate(here)).toMatchObject({ __typename: 'ModelUnavailableError' });
    const generationId = await attachedId('goes on');
    const seen = await here.run(GenerationDocument, { id: generationId });
    expect(seen.generation).toMatchObject({ status: 'RUNNING', text: expect.stringMatching(/./) });
    await here.run(CancelGenerationDocument, { input: { id: generationId } });
    expect((await events).at(-1)?.__typename).toBe('GenerationCancelled');
  });

  it('ends the items of a batch that runs, and leaves those of other models alone', async () => {
    here.simulator.script({ model: 'sim-fast', hang: 'before-head' });
    const items = [input, { ...input, model: 'sim-instant' }];
    const { startBatch } = await here.run(StartBatchDocument, { input: { items } });
    const batchId = startBatch?.batchId ?? '';
    await here.simulator.waitFor(({ requests }) => requests.length === 2);
    await turnModel('DISABLED');
    const events = await readSubscription(here, 'sse', BatchEventsDocument, 'batchEvents', { batchId });
    const results = events.flatMap(({ item }) => item ?? []).sort((left, right) => left.index - right.index);
    expect(results.map(({ result }) => result?.__typename)).toEqual(['GenerationFailedError', 'GenerateSuccess']);
  });
});

describe('a switch that is set on one gateway', () => {
  it('holds on the others within seconds: it ends what runs there, and nothing more begins', async () => {
    // What was done to sim-fast before may still be on its way to the other gateway.
    const { events } = await hangingStream(there, 'websocket', 'there', { ...input, model: 'sim-instant' });
    await turnProvider('DISABLED');
    expect((await events).slice(-2)).toMatchObject([
      { __typename: 'TextDelta' },
      { __typename: 'GenerationFailed', code: 'UPSTREAM_ERROR' },
    ]);
    for (const model of ['sim-smart', 'sim-instant']) {
      expect(await generate(there, { model })).toMatchObject({ __typename: 'ModelUnavailableError' });
    }
  });

  it('is known to one that starts later, from its first call on', async () => {
    await turnModel('DISABLED');
    await using later = await startGateway(options);
    expect(await generate(later)).toMatchObject({ __typename: 'ModelUnavailableError' });
    expect(await generate(later, { model: 'sim-instant' })).toMatchObject({ __typename: 'GenerateSuccess' });
    expect(later.simulator.bill().requests).toHaveLength(1);
  });
});

it('nobody but an operator switches', async () => {
  const variables = { input: { model: 'sim-fast', state: 'DISABLED' } };
  const refused = await here.send({ query: print(SetModelStateDocument), variables, key: otherKey });
  expect([refused.status, refused.errors[0]?.extensions?.['code']]).toEqual([403, 'FORBIDDEN']);
  expect(await generate(here)).toMatchObject({ __typename: 'GenerateSuccess' });
});

/** Of the generation that runs under the key. */
async function attachedId(idempotencyKey: string): Promise<string> {
  const left = new AbortController();
  let id = '';
  await readStream(
    here,
    'sse',
    { input: { request: input, idempotencyKey } },
    {
      signal: left.signal,
      onEvent: ({ generationId }) => {
        id = generationId;
        left.abort();
      },
    },
  ).catch(() => undefined);
  return id;
}
