// Roles and scopes over the whole gateway, on every transport: what a key may not do is refused before anything runs,
// and of what others have generated it sees what its scopes let it.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { print } from 'graphql';
import {
  BatchDocument,
  BatchEventsDocument,
  CancelGenerationDocument,
  GenerateDocument,
  GenerateStreamDocument,
  GenerationDocument,
  GenerationEventsDocument,
  NodeDocument,
  StartBatchDocument,
  StartGenerationDocument,
  ViewerDocument,
} from '../generated/graphql.ts';
import { everyTransport, sendOver } from '../support/every-transport.ts';
import { otherKey, startGateway, type TestGateway, webKey } from '../support/start-gateway.ts';

const readerKey = 'sk_test_reader_0123456789abcdef0123456789abcdef';
const auditorKey = 'sk_test_auditor_0123456789abcdef0123456789abcdef';
const reportsKey = 'sk_test_reports_0123456789abcdef0123456789abcdef';
const apiKeys = [
  `{ name: reader, key: "${readerKey}", roles: [ADMIN], scopes: [usage:read] }`,
  `{ name: auditor, key: "${auditorKey}", roles: [ADMIN], scopes: [usage:read, content:read, admin] }`,
  `{ name: reports, key: "${reportsKey}", scopes: [usage:read] }`,
];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ apiKeys });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const input = { model: 'sim-instant', prompt: 'hello' };

describe('a key without the scope generate', () => {
  const stream = {
    query: print(GenerateStreamDocument),
    variables: { input: { request: input, idempotencyKey: 'k' } },
  };

  it.each(everyTransport)('is told over %s which scope it lacks, and nothing is sent to a model', async (transport) => {
    const payload = transport === 'POST' ? { query: print(GenerateDocument), variables: { input } } : stream;
    const before = gateway.simulator.bill().requests.length;
    const outcome = await sendOver(transport, { url: gateway.graphqlUrl, key: reportsKey }, payload);
    expect(outcome.status).toBe(transport === 'WebSocket' ? undefined : 403);
    expect(outcome.errors).toMatchObject([
      {
        extensions: { code: 'INSUFFICIENT_SCOPE', neededScope: 'generate' },
        message: expect.stringContaining('generate'),
      },
    ]);
    expect(gateway.simulator.bill().requests).toHaveLength(before);
  });

  it('does not get the rest of the operation either', async () => {
    const query = `mutation ($input: GenerateInput!) {
      cancelGeneration(input: { id: "gen_none" }) { generation { id } }
      startGeneration(input: $input) { __typename }
    }`;
    const answer = await gateway.send({ query, variables: { input }, key: reportsKey });
    expect([answer.status, answer.data, answer.errors.length]).toEqual([403, undefined, 1]);
  });

  it('still learns who it is, and truthfully', async () => {
    const { data } = await gateway.send({ query: print(ViewerDocument), key: reportsKey });
    expect(data.viewer).toMatchObject({ roles: ['MEMBER'], scopes: ['usage:read'] });
  });
});

describe("a generation of somebody else's", () => {
  let id: string;
  let batchId: string;
  const read = async (key: string, of = id) => {
    const { data, errors } = await gateway.send({ query: print(GenerationDocument), variables: { id: of }, key });
    return data.generation ?? errors;
  };
  beforeAll(async () => {
    const variables = { input: { ...input, idempotencyKey: 'seen' } };
    const { data } = await gateway.send({ query: print(GenerateDocument), variables, key: webKey });
    id = data.generate.generation.id;
    const started = await gateway.send({
      query: print(StartBatchDocument),
      variables: { input: { items: [input] } },
      key: webKey,
    });
    batchId = started.data.startBatch.batchId;
  });

  it('is shown whole to its owner and to an admin with content:read', async () => {
    const own = await read(webKey);
    expect(own).toMatchObject({ contentState: 'AVAILABLE', text: expect.stringMatching(/./) });
    expect(await read(auditorKey)).toEqual(own);
  });

  it('is shown to an admin with usage:read without its content, by generation and by node', async () => {
    const { text, ...own } = await read(webKey);
    const seen = { ...own, text: null, contentState: 'FORBIDDEN' };
    expect(await read(readerKey)).toEqual(seen);
    const { data } = await gateway.send({ query: print(NodeDocument), variables: { id }, key: readerKey });
    expect(data.node).toMatchObject({ id, contentState: 'FORBIDDEN', text: null });
    const batch = await gateway.send({ query: print(BatchDocument), variables: { id: batchId }, key: readerKey });
    expect(batch.data.batch.usage.inputTokens).toBeGreaterThan(0);
    expect(batch.data.batch.items[0].result.generation).toMatchObject({ text: null, contentState: 'FORBIDDEN' });
  });

  it('does not exist for another member, whatever its scopes', async () => {
    for (const key of [otherKey, reportsKey]) {
      const [known, unknown] = [await read(key), await read(key, 'gen_none')];
      expect(known).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
      expect(withoutRequestId(known)).toEqual(withoutRequestId(unknown));
    }
  });

  it.each(everyTransport.slice(1))('tells its events over %s to those who may read content only', async (transport) => {
    const send = (key: string, query: string, variables: object) =>
      sendOver(transport, { url: gateway.graphqlUrl, key }, { query, variables });
    const generationEvents = print(GenerationEventsDocument);
    const batchEvents = print(BatchEventsDocument);
    const whole = await send(auditorKey, generationEvents, { generationId: id });
    expect(whole.results.at(-1)?.data).toMatchObject({ generationEvents: { __typename: 'GenerationCompleted' } });
    expect((await send(auditorKey, batchEvents, { batchId })).errors).toEqual([]);
    for (const key of [readerKey, otherKey]) {
      const refused = await send(key, generationEvents, { generationId: id });
      const unknown = await send(key, generationEvents, { generationId: 'gen_none' });
      expect(refused).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
      expect([refused.status, withoutRequestId(refused.errors)]).toEqual([
        unknown.status,
        withoutRequestId(unknown.errors),
      ]);
      expect((await send(key, batchEvents, { batchId })).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
  });

  it('is cancelled by an admin with the scope admin, and by nobody without it', async () => {
    const started = await gateway.send({
      query: print(StartGenerationDocument),
      variables: { input: { model: 'sim-smart', prompt: 'write a long story' } },
      key: otherKey,
    });
    const variables = { input: { id: started.data.startGeneration.generation.id } };
    const cancel = (key: string) => gateway.send({ query: print(CancelGenerationDocument), variables, key });
    for (const key of [readerKey, webKey]) {
      expect((await cancel(key)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
    expect((await cancel(auditorKey)).data.cancelGeneration.generation).toMatchObject({ status: 'CANCELLED' });
  });
});

const withoutRequestId = (errors: readonly object[]): unknown =>
  JSON.parse(JSON.stringify(errors).replaceAll(/"requestId":"[^"]*"/g, '"requestId":""'));
