// Strangers who send thousands of requests in a row: each connection is told once and closed, the log stays short, and
// nobody else waits.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { errorsOf, openRaw, type RawAnswer, readAnswers, sendRaw } from '../support/raw-http.ts';
import { startTestServer, type TestServer } from '../support/start-test-server.ts';

const throttle = { failedSignInsPerMinute: 3, unauthenticatedPerMinute: 5, upgradesPerMinute: 1 };
let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ http: { throttle } });
});
afterEach(async () => {
  await server.stop();
  expect(server.log.filter(({ level }) => level === 'error')).toEqual([]);
});

const body = '{"query":"{ __typename }"}';
const post = (key?: string): string =>
  [
    'POST /graphql HTTP/1.1',
    'Host: sluice',
    ...(key === undefined ? [] : [`Authorization: Bearer ${key}`]),
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
const statuses = (answers: readonly RawAnswer[]): number[] => answers.map(({ status }) => status);
const useUp = async (): Promise<void> => {
  for (let count = 0; count < throttle.unauthenticatedPerMinute; count++) {
    expect((await server.send({ method: 'POST' })).status).toBe(401);
  }
};
const warnings = () => server.log.filter(({ level }) => level === 'warn');
const typename = { data: { __typename: 'Query' } };

describe('a stranger beyond his share', () => {
  it('is told once, however many requests he sends in a row', async () => {
    await useUp();
    const [answer, ...more] = await sendRaw(server.http.url, post().repeat(100));
    expect(more).toEqual([]);
    expect(answer?.status).toBe(429);
    expect(answer?.headers.get('connection')).toBe('close');
    expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(errorsOf(answer)[0]?.extensions?.['code']).toBe('RATE_LIMITED');
  });

  it('is told once where his share ends in the middle of a row, too', async () => {
    const answers = await sendRaw(server.http.url, post().repeat(100));
    expect(statuses(answers)).toEqual([401, 401, 401, 401, 401, 429]);
    expect(answers.map(({ headers }) => headers.get('connection'))).toEqual([...Array(5).fill('keep-alive'), 'close']);
  });

  it('has nothing served behind it, with whatever key', async () => {
    await useUp();
    const callsBefore = server.log.length;
    expect(statuses(await sendRaw(server.http.url, post() + post('good').repeat(50)))).toEqual([429]);
    const requests = server.log.slice(callsBefore).filter(({ message }) => message === 'request');
    expect(requests.map(({ fields }) => fields['status'])).toEqual([429]);
  });

  it('still has the answers to what he sent before it', async () => {
    await useUp();
    const answers = await sendRaw(server.http.url, post('good') + post() + post('good'));
    expect(statuses(answers)).toEqual([200, 429]);
  });

  it('is heard to the end of his body, so that the answer arrives', async () => {
    await useUp();
    const { socket, received, closed } = openRaw(server.http.url);
    const [head = '', content = ''] = post().split(/(?<=\r\n\r\n)/);
    socket.write(head);
    while (!received().includes('RATE_LIMITED')) await new Promise((resolve) => socket.once('data', resolve));
    socket.write(content);
    expect(statuses(readAnswers(await closed))).toEqual([429]);
  });

  it('is told the same for keys that are none', async () => {
    const answers = await sendRaw(server.http.url, post('nobody').repeat(100));
    expect(statuses(answers)).toEqual([401, 401, 401, 429]);
    expect(answers.at(-1)?.headers.get('connection')).toBe('close');
  });

  it('takes nothing from callers at the same address', async () => {
    await useUp();
    const floods = Array.from({ length: 10 }, () => sendRaw(server.http.url, post().repeat(2_000)));
    for (let count = 0; count < 10; count++) {
      const answer = await server.post(body);
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: typename });
    }
    // One that is cut while it still sends may miss its answer.
    for (const answers of await Promise.all(floods)) expect([[429], []]).toContainEqual(statuses(answers));
  });
});

describe('the log of throttled strangers', () => {
  it('has two lines for a flood from one address: the first, and the number of the others', async () => {
    await useUp();
    for (let count = 0; count < 20; count++) await sendRaw(server.http.url, post().repeat(20));
    const what = 'requests without an API key';
    expect(warnings()).toEqual([{ level: 'warn', fields: { client: '127.0.0.1', what }, message: 'throttled' }]);
    const told = server.log.filter(({ level, message }) => level === 'info' && message === 'request');
    expect(told.map(({ fields }) => fields['status'])).toEqual([401, 401, 401, 401, 401]);
    await server.stop();
    expect(warnings().slice(1)).toEqual([
      { level: 'warn', fields: { client: '127.0.0.1', what, count: 19 }, message: 'throttled further ones' },
    ]);
  });

  it('tells sockets, too', async () => {
    const upgrade =
      'GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    for (const status of [400, 429, 429]) expect(statuses(await sendRaw(server.http.url, upgrade))).toEqual([status]);
    expect(warnings().map(({ fields }) => fields['what'])).toEqual(['new WebSocket connections']);
  });
});

describe('open connections', () => {
  it('are no more than the most that are set, until one of them ends', async () => {
    await server.stop();
    server = await startTestServer({ http: { maxConnections: 2 } });
    const open = [openRaw(server.http.url), openRaw(server.http.url)];
    for (const { socket, received } of open) {
      socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
      while (received() === '') await new Promise((resolve) => socket.once('data', resolve));
    }
    expect(await openRaw(server.http.url).closed).toBe('');
    expect(warnings().map(({ fields }) => fields['what'])).toEqual(['connections beyond the most']);
    open[0]?.socket.end();
    // The place is free once the server has closed its end, too.
    const health = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    let answers: readonly RawAnswer[] = [];
    while (answers.length === 0) answers = await sendRaw(server.http.url, health);
    expect(statuses(answers)).toEqual([200]);
  });
});
