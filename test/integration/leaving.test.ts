// Who leaves stops paying: the simulator's bill shows that the upstream call was aborted, whatever the transport.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bill } from '../../src/simulator/types.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { openSignedIn, readUntil, streamTypes } from '../support/wire.ts';

const generate = 'mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }';
const stream = `subscription ($input: GenerateStreamInput!) {
  generateStream(input: $input) { __typename generationId sequence ... on TextDelta { text } }
}`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ yaml: 'streams: { graceMs: 0 }\n' });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => {
  gateway.simulator.reset();
  // Writes for as long as somebody listens, with no end of its own.
  gateway.simulator.script({ model: 'sim-instant', endless: true, tokensPerSecond: 200 });
});

let keys = 0;
const streamInput = () => ({
  input: { idempotencyKey: `leaving-${keys++}`, request: { model: 'sim-instant', prompt: 'Go on for ever' } },
});

function post(query: string, variables: unknown, accept: string, signal: AbortSignal): Promise<Response> {
  return fetch(gateway.graphqlUrl, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json', accept },
    body: JSON.stringify({ query, variables }),
    signal,
  });
}

const isWriting = (bill: Bill): boolean => bill.requests[0]?.state === 'RUNNING' && bill.requests[0].tokensWritten > 0;

/** One call, aborted by its client, billed at what was written until then. */
async function expectAborted(): Promise<void> {
  const bill = await gateway.simulator.waitFor(({ inFlight, requests }) => inFlight === 0 && requests.length > 0);
  expect(bill.requests.map(({ state, aborted }) => ({ state, aborted }))).toEqual([
    { state: 'ABORTED', aborted: true },
  ]);
  expect(bill.totals.aborted).toBe(1);
  expect(bill.totals.promptTokens).toBeGreaterThan(0);
}

describe('a caller that leaves', () => {
  it('during a plain generate aborts it upstream', async () => {
    const caller = new AbortController();
    const input = { model: 'sim-instant', prompt: 'Go on for ever' };
    const answer = post(generate, { input }, 'application/json', caller.signal).catch((error: Error) => error.name);
    await gateway.simulator.waitFor(isWriting);
    caller.abort();
    expect(await answer).toBe('AbortError');
    await expectAborted();
  });

  it('during a batch aborts the items that run and starts no others', async () => {
    const caller = new AbortController();
    const items = Array.from({ length: 4 }, () => ({ model: 'sim-instant', prompt: 'Go on for ever' }));
    const batch = 'mutation ($input: BatchGenerateInput!) { batchGenerate(input: $input) { batchId } }';
    const answer = post(batch, { input: { items, concurrency: 2 } }, 'application/json', caller.signal).catch(
      (error: Error) => error.name,
    );
    await gateway.simulator.waitFor(({ requests }) => requests.filter((each) => each.tokensWritten > 0).length === 2);
    caller.abort();
    expect(await answer).toBe('AbortError');
    const bill = await gateway.simulator.waitFor(({ inFlight }) => inFlight === 0);
    expect(bill.requests.map(({ state }) => state)).toEqual(['ABORTED', 'ABORTED']);
  });

  it('after it has started a batch stops nothing: only cancelBatch does', async () => {
    const items = Array.from({ length: 3 }, () => ({ model: 'sim-instant', prompt: 'Go on for ever' }));
    const { data } = await gateway.send({
      query: 'mutation ($input: BatchGenerateInput!) { startBatch(input: $input) { batchId } }',
      variables: { input: { items, concurrency: 2, idempotencyKey: `leaving-${keys++}` } },
    });
    const { batchId } = data.startBatch;
    const events = 'subscription ($id: ID!) { batchEvents(batchId: $id) { completed } }';
    const reader = new AbortController();
    const response = await post(events, { id: batchId }, streamTypes.SSE, reader.signal);
    await readUntil(response, '"completed":0');
    reader.abort();
    const running = await gateway.simulator.waitFor(
      ({ requests }) => requests.filter((each) => each.tokensWritten > 5).length === 2,
    );
    expect(running.requests.map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);
    const cancel = 'mutation ($id: ID!) { cancelBatch(input: { id: $id }) { status failedCount } }';
    const cancelled = await gateway.send({ query: cancel, variables: { id: batchId } });
    expect(cancelled.data.cancelBatch).toEqual({ status: 'CANCELLED', failedCount: 3 });
    const bill = await gateway.simulator.waitFor(({ inFlight }) => inFlight === 0);
    expect(bill.requests.map(({ state }) => state)).toEqual(['ABORTED', 'ABORTED']);
  });

  it.each(Object.entries(streamTypes))('during a stream over %s aborts it upstream', async (_name, accept) => {
    const caller = new AbortController();
    const response = await post(stream, streamInput(), accept, caller.signal);
    expect(response.status).toBe(200);
    await readUntil(response, 'TextDelta');
    expect(gateway.simulator.bill().requests[0]?.state).toBe('RUNNING');
    caller.abort();
    await expectAborted();
  });

  it('by closing its socket during a stream aborts it upstream', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    expect((await wire.subscribe('a', { query: stream, variables: streamInput() })).type).toBe('next');
    await gateway.simulator.waitFor(isWriting);
    wire.socket.close(1000);
    await expectAborted();
  });

  it('by cutting its socket during a stream aborts it upstream', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    expect((await wire.subscribe('a', { query: stream, variables: streamInput() })).type).toBe('next');
    await gateway.simulator.waitFor(isWriting);
    wire.socket.terminate();
    await expectAborted();
  });

  it('by completing its operation on a socket aborts it upstream and keeps the socket', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    expect((await wire.subscribe('a', { query: stream, variables: streamInput() })).type).toBe('next');
    await gateway.simulator.waitFor(isWriting);
    wire.send({ type: 'complete', id: 'a' });
    await expectAborted();
    wire.send({ type: 'ping' });
    let message = await wire.next();
    while (message.type === 'next') message = await wire.next();
    expect(message.type).toBe('pong');
  });

  it('as one of two readers leaves the other its stream', async () => {
    await using first = await openSignedIn(gateway.socketUrl, adminKey);
    await using second = await openSignedIn(gateway.socketUrl, adminKey);
    const payload = { query: stream, variables: streamInput() };
    expect((await first.subscribe('a', payload)).type).toBe('next');
    expect((await second.subscribe('b', payload)).type).toBe('next');
    await gateway.simulator.waitFor(isWriting);
    first.send({ type: 'complete', id: 'a' });
    first.send({ type: 'ping' });
    let message = await first.next();
    while (message.type === 'next') message = await first.next();
    expect(message.type).toBe('pong');
    expect((await second.next()).type).toBe('next');
    expect(gateway.simulator.bill().requests.map(({ state }) => state)).toEqual(['RUNNING']);
    second.send({ type: 'complete', id: 'b' });
    await expectAborted();
  });
});

describe('cancelGeneration', () => {
  it('from another connection aborts the call upstream, and its reader is told', async () => {
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    const started = await wire.subscribe('a', { query: stream, variables: streamInput() });
    await gateway.simulator.waitFor(isWriting);
    const { data } = await gateway.send({
      query: 'mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { id status finishReason } } }',
      variables: { id: started.payload.data.generateStream.generationId },
    });
    expect(data.cancelGeneration.generation).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED' });
    await expectAborted();
    const seen: string[] = [];
    let message = started;
    while (message.type === 'next') {
      seen.push(message.payload.data.generateStream.__typename);
      message = await wire.next();
    }
    expect(message).toEqual({ type: 'complete', id: 'a' });
    expect(seen.at(-1)).toBe('GenerationCancelled');
    expect(seen.filter((name) => name === 'GenerationCancelled')).toHaveLength(1);
  });
});
