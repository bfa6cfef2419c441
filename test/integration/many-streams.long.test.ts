// A thousand streams at once through one process, some readers coming and going: every one is told whole, nothing is
// run twice, and what Sluice says it cost is what the provider billed.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { GenerateStreamDocument, type GenerateStreamSubscription } from '../generated/graphql.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

const STREAMS = 1000;
const SOCKETS = 20;
let gateway: TestGateway;

beforeAll(async () => {
  // Clients, gateway and simulator share one process here: connecting a thousand times at once may take long.
  gateway = await startGateway({ timeouts: '{ connectMs: 60000 }' });
});
afterAll(() => gateway[Symbol.asyncDispose]());

it(`tells ${STREAMS} streams whole, resumes a third of them, and charges each once`, async () => {
  const tokens = Array.from({ length: 100 }, (_, index) => `w${index}é `);
  gateway.simulator.script({ tokens, tokensPerSecond: 50 });
  const clients = Array.from({ length: SOCKETS }, () =>
    createClient({
      url: gateway.socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${adminKey}` },
      lazy: false,
    }),
  );
  let outputTokens = 0;

  async function readSome(stream: number, after: string | null, limit: number) {
    const events: GenerateStreamSubscription['generateStream'][] = [];
    const input = {
      idempotencyKey: `many-${stream}`,
      request: { model: 'sim-instant', prompt: `Stream number ${stream}` },
    };
    const client = clients[stream % SOCKETS];
    if (client === undefined) throw new Error('there are clients');
    const query = { query: print(GenerateStreamDocument), variables: { input, after } };
    for await (const { data, errors } of client.iterate<GenerateStreamSubscription>(query)) {
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
      if (data) events.push(data.generateStream);
      if (events.length >= limit) break;
    }
    return events;
  }

  await Promise.all(
    Array.from({ length: STREAMS }, async (_, stream) => {
      const limit = stream % 3 === 0 ? 5 : Number.POSITIVE_INFINITY;
      let events = await readSome(stream, null, limit);
      if (limit === 5) events = [...events, ...(await readSome(stream, events.at(-1)?.cursor ?? null, 1e9))];
      const last = events.at(-1);
      if (last?.__typename !== 'GenerationCompleted') throw new Error(`ended with ${JSON.stringify(last)}`);
      expect(events.map((event) => event.sequence)).toEqual(events.map((_event, index) => index + 1));
      expect(events.map((event) => (event.__typename === 'TextDelta' ? event.text : '')).join('')).toBe(
        tokens.join(''),
      );
      outputTokens += last.usage.outputTokens;
    }),
  );
  await Promise.all(clients.map((client) => client.dispose()));
  const { totals } = gateway.simulator.bill();
  expect(totals).toMatchObject({ requests: STREAMS, aborted: 0, completionTokens: outputTokens });
}, 300_000);
