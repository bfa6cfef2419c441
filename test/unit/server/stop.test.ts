// A server that is asked to stop: not ready at once, finishes what it runs, takes nothing new.

import { describe, expect, it } from '@jest/globals';
import { startTestServer } from '../../support/start-test-server.ts';
import { openSignedIn } from '../../support/wire.ts';

const mutation =
  'mutation { generate(input: { model: "chat", prompt: "hi" }) { ... on GenerateSuccess { generation { text } } } }';

describe('a stopping server', () => {
  it('says that it is not ready and still takes work while load balancers notice', async () => {
    const server = await startTestServer({ http: { acceptMs: 60_000 } });
    const stopped = server.http.stop(60_000);
    const ready = await server.send({}, '/readyz');
    expect(ready.status).toBe(503);
    expect(ready.body).toEqual({ status: 'not ready', missing: ['the server is stopping'] });
    expect((await server.send({}, '/healthz')).status).toBe(200);
    expect((await server.post({ query: '{ __typename }' })).status).toBe(200);
    // Asked again, the shorter grace counts.
    await server.http.stop(0);
    await stopped;
    server.close();
  });

  it('finishes what it runs, refuses what is new, then closes', async () => {
    const server = await startTestServer();
    const called = new Promise<void>((resolve) => {
      server.provider.onCall = () => resolve();
    });
    const running = server.post({ query: mutation });
    await called;
    const stopped = server.http.stop(60_000);
    while ((await server.post({ query: '{ __typename }' })).status === 200);
    const refused = await server.post({ query: '{ __typename }' });
    expect({ status: refused.status, code: refused.code }).toEqual({ status: 503, code: 'SHUTTING_DOWN' });
    expect(refused.headers.get('retry-after')).toBe('1');
    server.provider.calls[0]?.emit('late');
    server.provider.calls[0]?.finish();
    expect((await running).body.data).toEqual({ generate: { generation: { text: 'late' } } });
    await stopped;
    await expect(fetch(server.url)).rejects.toThrow();
    server.close();
  });

  it('cuts off what still runs when the grace is over', async () => {
    const server = await startTestServer();
    const called = new Promise<void>((resolve) => {
      server.provider.onCall = () => resolve();
    });
    const running = server.post({ query: mutation });
    const failed = expect(running).rejects.toThrow();
    await called;
    await server.http.stop(50);
    await failed;
    server.close();
  });

  it('lets whoever runs it end it when the grace is over, and still writes what that answers', async () => {
    const server = await startTestServer({
      http: {
        onGraceOver: async () => {
          server.provider.calls[0]?.emit('cut short');
          server.provider.calls[0]?.finish();
        },
      },
    });
    const called = new Promise<void>((resolve) => {
      server.provider.onCall = () => resolve();
    });
    const running = server.post({ query: mutation });
    await called;
    const stopped = server.http.stop(50);
    expect((await running).body.data).toEqual({ generate: { generation: { text: 'cut short' } } });
    await stopped;
    server.close();
  });

  it.each(['completes', 'is cut short'])(
    'closes a socket with 1012 when the grace is over, after its subscription %s',
    async (how) => {
      const server = await startTestServer({
        http: {
          onGraceOver: async () => {
            if (how === 'is cut short') throw new Error('no');
            server.provider.calls[0]?.emit(' and out');
            server.provider.calls[0]?.finish();
          },
        },
      });
      server.provider.onCall = (call) => call.emit('in');
      await using wire = await openSignedIn(server.url.replace('http', 'ws'), 'good');
      const query =
        'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { ... on TextDelta { text } } }';
      const input = { idempotencyKey: 'grace', request: { model: 'chat', prompt: 'hi' } };
      await wire.subscribe('a', { query, variables: { input } });
      expect((await wire.next()).payload.data.generateStream).toEqual({ text: 'in' });
      const stopped = server.http.stop(50);
      if (how === 'completes') {
        expect((await wire.next()).payload.data.generateStream).toEqual({ text: ' and out' });
        expect((await wire.next()).payload.data.generateStream).toEqual({});
        expect(await wire.next()).toEqual({ type: 'complete', id: 'a' });
      }
      expect((await wire.closed).code).toBe(1012);
      await stopped;
      server.close();
    },
  );

  it('says what is missing before it is ready', async () => {
    const missing = ['the database'];
    const server = await startTestServer({ http: { readiness: () => missing } });
    expect((await server.send({}, '/readyz')).body).toEqual({ status: 'not ready', missing: ['the database'] });
    missing.pop();
    expect((await server.send({}, '/readyz')).status).toBe(200);
    await server.stop();
  });
});
