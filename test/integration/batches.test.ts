// Started batches over the wire: at once, followed and resumed on every transport, their keys, and who may see them.

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BatchDocument,
  BatchEventsDocument,
  type BatchEventsSubscription,
  BatchGenerateDocument,
  CancelBatchDocument,
  GenerationDocument,
  StartBatchDocument,
} from '../generated/graphql.ts';
import { otherKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  readSubscription,
  type SubscriptionOptions,
  type Transport,
  transports,
} from '../support/stream-transports.ts';

interface ForeignAnswer {
  readonly status: number;
  readonly data: unknown;
  readonly errors: readonly unknown[];
}

type Progress = BatchEventsSubscription['batchEvents'];

let gateway: TestGateway;
let keys = 0;

beforeAll(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway[Symbol.asyncDispose]());

const prompts = ['one', 'two', 'three', 'four'];
const inputOf = (changes: object = {}) => ({
  items: prompts.map((prompt) => ({ model: 'sim-instant', prompt })),
  ...changes,
});

async function start(changes: object = {}) {
  const { startBatch } = await gateway.run(StartBatchDocument, { input: inputOf(changes) });
  if (!startBatch) throw new Error('the batch was not started');
  return startBatch;
}
const look = async (id: string) => (await gateway.run(BatchDocument, { id })).batch;
const follow = (
  transport: Transport,
  batchId: string,
  after: string | null = null,
  options: SubscriptionOptions<Progress> = {},
): Promise<Progress[]> =>
  readSubscription(gateway, transport, BatchEventsDocument, 'batchEvents', { batchId, after }, options);

/** The simulator answers each prompt with itself, one after the other so that readers see a batch that runs. */
function answerSlowly(): void {
  gateway.simulator.script(
    ...prompts.map((prompt, index) => ({
      match: prompt,
      text: `${prompt}!`,
      latencyMs: (prompts.length - index) * 40,
    })),
  );
}

const textOf = (item: Progress['item']): string | null | undefined =>
  item?.result?.__typename === 'GenerateSuccess' ? item.result.generation.text : undefined;

describe('a started batch', () => {
  it.each(transports)('answers at once and is told item by item over %s', async (transport) => {
    answerSlowly();
    const started = await start();
    expect(started).toMatchObject({ status: 'RUNNING', succeededCount: 0, failedCount: 0 });
    expect(started.items).toEqual(prompts.map((_, index) => ({ index, result: null })));
    const events = await follow(transport, started.batchId);
    expect(events.map(({ batchId, sequence, completed, total }) => [batchId, sequence, completed, total])).toEqual(
      [0, 1, 2, 3, 4].map((completed) => [started.batchId, completed + 1, completed, 4]),
    );
    expect(events[0]?.item).toBeNull();
    const told = events.slice(1).sort((left, right) => (left.item?.index ?? 0) - (right.item?.index ?? 0));
    expect(told.map(({ item }) => item?.index)).toEqual([0, 1, 2, 3]);
    expect(told.map(({ item }) => textOf(item))).toEqual(['one!', 'two!', 'three!', 'four!']);
    const batch = await look(started.batchId);
    expect(batch).toMatchObject({ status: 'SUCCEEDED', succeededCount: 4, failedCount: 0 });
    expect(batch?.items.map(textOf)).toEqual(['one!', 'two!', 'three!', 'four!']);
    const { promptTokens, completionTokens } = gateway.simulator.bill().totals;
    expect(batch?.usage).toMatchObject({ inputTokens: promptTokens, outputTokens: completionTokens });
  });

  it.each(transports)('goes on behind the last cursor seen when the connection is lost: %s', async (transport) => {
    answerSlowly();
    const { batchId } = await start();
    const lost = new AbortController();
    const seen: Progress[] = [];
    await follow(transport, batchId, null, {
      signal: lost.signal,
      onEvent: (event) => {
        seen.push(event);
        if (seen.length === 2) lost.abort();
      },
    }).catch((error: unknown) => expect(lost.signal.aborted || error).toBe(true));
    const first = seen.slice(0, 2);
    const rest = await follow(transport, batchId, first[1]?.cursor);
    expect([...first, ...rest].map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(gateway.simulator.bill().requests).toHaveLength(4);
  });

  it('tells two readers the same, and one that comes when all is over', async () => {
    answerSlowly();
    const { batchId } = await start();
    const [one, two] = await Promise.all([follow('websocket', batchId), follow('sse', batchId)]);
    expect(two).toEqual(one);
    expect(await follow('multipart', batchId)).toEqual(one);
    expect(await follow('websocket', batchId, one?.at(-1)?.cursor)).toEqual([]);
  });

  it('has generations that are found by their own ids', async () => {
    const { batchId } = await start();
    const events = await follow('sse', batchId);
    const result = events.at(-1)?.item?.result;
    if (result?.__typename !== 'GenerateSuccess') throw new Error('the item should have an answer');
    const { generation } = await gateway.run(GenerationDocument, { id: result.generation.id });
    expect(generation).toEqual(result.generation);
  });

  it('keeps failures of its items to themselves', async () => {
    gateway.simulator.script({ match: 'two', status: 400 }, { match: 'three', contentFilter: true });
    const { batchId } = await start();
    await follow('websocket', batchId);
    const batch = await look(batchId);
    expect(batch).toMatchObject({ status: 'SUCCEEDED', succeededCount: 2, failedCount: 2 });
    expect(batch?.items.map(({ result }) => result?.__typename)).toEqual([
      'GenerateSuccess',
      'GenerationFailedError',
      'ContentBlockedError',
      'GenerateSuccess',
    ]);
  });

  it('is known as a batch that was waited for is', async () => {
    const { batchGenerate } = await gateway.run(BatchGenerateDocument, { input: inputOf() });
    const batch = await look(batchGenerate?.batchId ?? '');
    expect(batch).toMatchObject({ status: 'SUCCEEDED', succeededCount: 4, usage: batchGenerate?.usage });
    expect(batch?.items[0]?.result).toMatchObject({ generation: { text: null, contentState: 'NOT_STORED' } });
    expect(await follow('sse', batchGenerate?.batchId ?? '')).toHaveLength(5);
  });
});

describe('what is refused', () => {
  const post = (input: object, headers: Record<string, string> = {}) =>
    gateway.send({
      query: 'mutation ($input: BatchGenerateInput!) { startBatch(input: $input) { batchId status } }',
      variables: { input },
      headers,
    });

  it('is a whole batch for one item that is not valid: nothing runs', async () => {
    const valid = { model: 'sim-instant', prompt: 'x' };
    for (const [item, code, field] of [
      [{ model: 'no-such-model', prompt: 'x' }, 'MODEL_NOT_FOUND', 'model'],
      [{ model: 'sim-instant', prompt: 'x', timeoutMs: 0 }, 'INVALID', 'timeoutMs'],
      [{ ...valid, maxOutputTokens: 0 }, 'INVALID', 'maxOutputTokens'],
    ] as const) {
      const { status, data, errors } = await post({ items: [valid, item] });
      expect(status).toBe(400);
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([{ extensions: { code, path: ['input', 'items', '1', field] } }]);
    }
    expect(gateway.simulator.bill().requests).toEqual([]);
  });

  it('is a key with other input, with its own status; the same input is the same batch', async () => {
    const idempotencyKey = `batch-${keys++}`;
    const first = await start({ idempotencyKey });
    expect((await start({ idempotencyKey, concurrency: 2 })).batchId).toBe(first.batchId);
    await follow('sse', first.batchId);
    const again = await start({ idempotencyKey });
    expect(again).toMatchObject({ batchId: first.batchId, status: 'SUCCEEDED', usage: { costUsd: '0' } });
    const { status, errors } = await post({
      ...inputOf({ idempotencyKey }),
      items: [{ model: 'sim-instant', prompt: 'z' }],
    });
    expect(status).toBe(422);
    expect(errors).toMatchObject([
      { extensions: { code: 'KEY_PARAMETER_MISMATCH', path: ['input', 'idempotencyKey'] } },
    ]);
    expect(gateway.simulator.bill().requests).toHaveLength(4);
  });

  it('between siblings keeps the batch that began under the key', async () => {
    const idempotencyKey = `batch-${keys++}`;
    const { data, errors, status } = await gateway.send({
      query:
        'mutation ($a: BatchGenerateInput!, $b: BatchGenerateInput!) { a: startBatch(input: $a) { status } b: startBatch(input: $b) { status } }',
      variables: {
        a: inputOf({ idempotencyKey }),
        b: { idempotencyKey, items: [{ model: 'sim-instant', prompt: 'other' }] },
      },
    });
    expect(status).toBe(200);
    expect(data).toEqual({ a: { status: 'RUNNING' }, b: null });
    expect(errors).toMatchObject([{ path: ['b'], extensions: { code: 'KEY_PARAMETER_MISMATCH' } }]);
  });

  it('takes the key from the header too', async () => {
    const header = { 'idempotency-key': `batch-${keys++}` };
    const first = await post(inputOf(), header);
    const second = await post(inputOf(), header);
    expect(second.data.startBatch.batchId).toBe(first.data.startBatch.batchId);
    const both = await post(inputOf({ idempotencyKey: 'another' }), header);
    expect(both.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    const { batchGenerate } = await gateway.run(BatchGenerateDocument, {
      input: inputOf({ idempotencyKey: header['idempotency-key'] }),
    });
    expect(batchGenerate).toMatchObject({ batchId: first.data.startBatch.batchId, usage: { costUsd: '0' } });
  });

  it('is everybody else, in the words for what does not exist', async () => {
    const { batchId } = await start();
    const ask = async (query: string, id: string, key: string): Promise<ForeignAnswer> => {
      const { status, data, errors } = await gateway.send({ query, variables: { id }, key });
      return {
        status,
        data,
        errors: errors.map(({ message, extensions, path }) => [message, extensions?.['code'], path]),
      };
    };
    for (const query of [
      'query ($id: ID!) { field: batch(id: $id) { batchId } }',
      'mutation ($id: ID!) { field: cancelBatch(input: { id: $id }) { batchId } }',
      'query ($id: ID!) { field: node(id: $id) { id } }',
    ]) {
      const foreign = await ask(query, batchId, otherKey);
      expect(foreign).toMatchObject({ status: 200, data: { field: null } });
      expect(foreign.errors).toMatchObject([[expect.any(String), 'NOT_FOUND', ['field']]]);
      expect(await ask(query, 'bat_00000000000000000000000000', otherKey)).toEqual(foreign);
    }
    for (const transport of transports) {
      const refused = follow(transport, batchId, null, { key: otherKey });
      await expect(refused).rejects.toMatchObject(
        transport === 'websocket'
          ? [{ extensions: { code: 'NOT_FOUND', path: ['batchId'] } }]
          : { message: expect.stringMatching(/refused with 404: .*NOT_FOUND/) },
      );
    }
    expect((await look(batchId))?.batchId).toBe(batchId);
  });

  it('is a cursor of another batch, and one that nobody gave out', async () => {
    const [{ batchId }, another] = [await start(), await start()];
    const [event] = await follow('sse', another.batchId);
    for (const cursor of [event?.cursor, 'garbage']) {
      const refused = follow('multipart', batchId, cursor);
      await expect(refused).rejects.toThrow(/refused with 400: .*CURSOR_INVALID/);
    }
  });
});

describe('cancelBatch', () => {
  it('stops what runs, begins nothing more, and tells those who listen', async () => {
    gateway.simulator.script(
      { match: 'one', text: 'one!' },
      ...['two', 'three'].map((match) => ({ match, tokens: ['a', 'b'], hang: { afterTokens: 1 } })),
    );
    const { batchId } = await start({ concurrency: 2 });
    const events = follow('websocket', batchId);
    await gateway.simulator.waitFor(({ requests, inFlight }) => requests.length === 3 && inFlight === 2);
    const { cancelBatch } = await gateway.run(CancelBatchDocument, { input: { id: batchId } });
    expect(cancelBatch).toMatchObject({ batchId, status: 'CANCELLED', succeededCount: 1, failedCount: 3 });
    expect(cancelBatch?.items.slice(1).map(({ result }) => result)).toMatchObject(
      [1, 2, 3].map(() => ({ __typename: 'GenerationFailedError', failureCode: 'CANCELLED' })),
    );
    expect((await events).at(-1)).toMatchObject({ completed: 4, total: 4 });
    const bill = await gateway.simulator.waitFor(({ inFlight }) => inFlight === 0);
    expect(bill.requests.map(({ state }) => state)).toEqual(['COMPLETED', 'ABORTED', 'ABORTED']);
    expect(await look(batchId)).toEqual(cancelBatch);
  });
});
