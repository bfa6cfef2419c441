// Siblings of one operation: what one has paid for is never lost because another fails.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Generations } from '../../src/generation/generations.ts';
import { buildGraphQLSchema } from '../../src/graphql/schema.ts';
import { createTestGenerations } from '../support/create-test-generations.ts';
import { noClientTokens } from '../support/fake-generations.ts';
import { adminWithoutRecords } from '../support/no-access-records.ts';
import type { ScriptedCall } from '../support/scripted-provider.ts';
import { startGateway, type TestGateway } from '../support/start-gateway.ts';
import { startTestServer } from '../support/start-test-server.ts';

const fields = '__typename ... on GenerateSuccess { generation { text } } ... on UserError { message }';

const textOf = ({ call }: ScriptedCall): string =>
  call.request.messages.flatMap(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : ''))).join();

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(() => gateway.simulator.reset());

describe('two aliases of generate', () => {
  it('of which one throws after both were billed: the answer of the other is kept, an error with a path for the one', async () => {
    const { generations, provider, upstreams, close } = createTestGenerations();
    const billed: string[] = [];
    provider.onCall = (call) => {
      billed.push(textOf(call));
      call.emit(`answer to ${textOf(call)}`);
      call.finish();
    };
    const failing: Generations = {
      ...generations,
      async generate(call, signal) {
        const outcome = await generations.generate(call, signal);
        if (call.labels.length > 0) throw new Error('CANARY: nobody foresaw this');
        return outcome;
      },
    };
    const schema = await buildGraphQLSchema({
      generations: failing,
      createClientToken: noClientTokens,
      access: adminWithoutRecords(),
    });
    const server = await startTestServer({ core: { schema, generations: failing }, http: { upstreams } });
    const answer = await server.post({
      query: `mutation { kept: generate(input: { model: "chat", prompt: "one" }) { ${fields} }
        failing: generate(input: { model: "chat", prompt: "two", labels: [{ name: "fail", value: "yes" }] }) { ${fields} } }`,
    });
    await server.stop();
    close();
    expect(billed.sort()).toEqual(['one', 'two']);
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual({
      kept: { __typename: 'GenerateSuccess', generation: { text: 'answer to one' } },
      failing: null,
    });
    expect(answer.body.errors).toHaveLength(1);
    expect(answer.body.errors?.[0]).toMatchObject({ path: ['failing'], extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(answer.text).not.toContain('CANARY');
  });
});

describe('two siblings', () => {
  it('of which the second throws after the first was billed: the answer is kept beside an error with a path', async () => {
    gateway.simulator.script({ model: 'sim-instant', text: 'Kept.' });
    const answer = await gateway.send({
      query: `mutation { paid: generate(input: { model: "sim-instant", prompt: "a" }) { ${fields} }
        failing: cancelGeneration(input: { id: "gen_nobody" }) { generation { id } } }`,
    });
    expect(answer.status).toBe(200);
    expect(answer.data.paid).toEqual({ __typename: 'GenerateSuccess', generation: { text: 'Kept.' } });
    expect(answer.data.failing).toBeNull();
    expect(answer.errors.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([
      [['failing'], 'NOT_FOUND'],
    ]);
    expect(gateway.simulator.bill().totals).toMatchObject({ requests: 1, refused: 0, aborted: 0 });
  });

  it('of which the first throws: the second still runs', async () => {
    gateway.simulator.script({ model: 'sim-instant', text: 'Kept.' });
    const answer = await gateway.send({
      query: `mutation { failing: cancelGeneration(input: { id: "gen_nobody" }) { generation { id } }
        paid: generate(input: { model: "sim-instant", prompt: "a" }) { ${fields} } }`,
    });
    expect(answer.status).toBe(200);
    expect(answer.data.paid.generation.text).toBe('Kept.');
    expect(answer.errors.map(({ path }) => path)).toEqual([['failing']]);
  });

  it('both generating, of which one is refused upstream: each has its own typed result', async () => {
    gateway.simulator.script({ match: 'bad', status: 400 }, { match: 'good', text: 'Kept.' });
    const answer = await gateway.send({
      query: `mutation { good: generate(input: { model: "sim-instant", prompt: "good" }) { ${fields} }
        bad: generate(input: { model: "sim-instant", prompt: "bad" }) { ${fields} } }`,
    });
    expect(answer.status).toBe(200);
    expect(answer.errors).toEqual([]);
    expect(answer.data.good).toEqual({ __typename: 'GenerateSuccess', generation: { text: 'Kept.' } });
    expect(answer.data.bad.__typename).toBe('GenerationFailedError');
  });

  it('both generating, of which one cannot be written down whole: what can be is kept, with an error for the rest', async () => {
    // More tokens than an Int holds.
    const usage = { promptTokens: 3_000_000_000 };
    gateway.simulator.script({ match: 'odd', text: 'Kept, too.', usage }, { match: 'good', text: 'Kept.' });
    const withUsage = '__typename ... on GenerateSuccess { generation { text usage { inputTokens } } }';
    const answer = await gateway.send({
      query: `mutation { good: generate(input: { model: "sim-instant", prompt: "good" }) { ${withUsage} }
        odd: generate(input: { model: "sim-instant", prompt: "odd" }) { ${withUsage} } }`,
    });
    expect(answer.status).toBe(200);
    expect(answer.data.good.generation.text).toBe('Kept.');
    expect(answer.data.odd.generation).toEqual({ text: 'Kept, too.', usage: null });
    expect(answer.errors.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([
      [['odd', 'generation', 'usage', 'inputTokens'], 'INTERNAL_SERVER_ERROR'],
    ]);
    expect(gateway.simulator.bill().totals).toMatchObject({ requests: 2, refused: 0, aborted: 0 });
  });

  it('of which one is refused before it runs: nothing of it is billed', async () => {
    gateway.simulator.script({ match: 'good', text: 'Kept.' });
    const answer = await gateway.send({
      query: `mutation { good: generate(input: { model: "sim-instant", prompt: "good" }) { ${fields} }
        missing: generate(input: { model: "no-such-model", prompt: "odd" }) { ${fields} } }`,
    });
    expect(answer.status).toBe(200);
    expect(answer.errors).toEqual([]);
    expect(answer.data.good.generation.text).toBe('Kept.');
    expect(answer.data.missing.__typename).toBe('InvalidInputError');
    expect(gateway.simulator.bill().totals.requests).toBe(1);
  });
});
