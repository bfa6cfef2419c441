// Keys that are bound to a place, or to an end in time, tried from elsewhere: over HTTP and over sockets, with headers
// that say what is not so.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type GatewayAnswer, startGateway, type TestGateway } from '../support/start-gateway.ts';

const APP = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const INSIDE = '198.51.100.7';
const keys = {
  app: 'sk_test_app_0123456789abcdef0123456789abcdef01',
  inside: 'sk_test_inside_0123456789abcdef0123456789abcd',
  loopback: 'sk_test_loopback_0123456789abcdef0123456789ab',
  expired: 'sk_test_expired_0123456789abcdef0123456789abc',
};
const apiKeys = [
  `{ name: app, key: "${keys.app}", allowedOrigins: ["${APP}"] }`,
  `{ name: inside, key: "${keys.inside}", allowedCidrs: ["198.51.100.0/24"] }`,
  `{ name: loopback, key: "${keys.loopback}", allowedCidrs: ["127.0.0.0/8", "::1"] }`,
  `{ name: expired, key: "${keys.expired}", expiresAt: "2020-01-01T00:00:00Z" }`,
];
const origins = `allowedOrigins: ["${APP}", "${OTHER}"]`;

let gateway: TestGateway;
let proxied: TestGateway;
beforeAll(async () => {
  [gateway, proxied] = await Promise.all([
    startGateway({ apiKeys, yaml: `server: { ${origins} }\n` }),
    startGateway({ apiKeys, yaml: `server: { ${origins}, trustedProxies: [127.0.0.1, "::1"] }\n` }),
  ]);
});
afterAll(async () => {
  await Promise.all([gateway, proxied].map((one) => one?.[Symbol.asyncDispose]()));
});

const ask = (to: TestGateway, key: string, headers: Record<string, string> = {}): Promise<GatewayAnswer> =>
  to.send({ query: '{ viewer { principal } }', key, headers });
const outcomeOf = ({ status, data, errors }: GatewayAnswer): string =>
  `${status} ${data?.viewer?.principal ?? errors[0]?.extensions?.['code']}`;

/** How a socket ends that signs in: its close code, or `ACK`. */
function signInOver(to: TestGateway, key: string, headers: Record<string, string>): Promise<number | 'ACK'> {
  const socket = new WebSocket(to.socketUrl, 'graphql-transport-ws', { headers });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
    );
    socket.on('message', () => {
      resolve('ACK');
      socket.terminate();
    });
    socket.on('close', (code) => resolve(code));
  });
}

describe('a key for the pages of one origin', () => {
  it.each<[string, Record<string, string>, string]>([
    ['of its own', { origin: APP }, '200 key:app'],
    ['of another origin that the server lets through', { origin: OTHER }, '403 FORBIDDEN'],
    ['that hide where they are from', { origin: 'null' }, '403 FORBIDDEN'],
    ['that are none: no origin is sent', {}, '403 FORBIDDEN'],
    ['that name it elsewhere', { referer: `${APP}/page`, 'x-forwarded-host': 'app.example.com' }, '403 FORBIDDEN'],
  ])('is good for pages %s', async (_what, headers, expected) => {
    const answer = await ask(gateway, keys.app, headers);
    expect(outcomeOf(answer)).toBe(expected);
    expect(answer.text).not.toMatch(/example\.com/);
  });

  it('opens sockets from there alone', async () => {
    expect(await signInOver(gateway, keys.app, { origin: APP })).toBe('ACK');
    expect(await signInOver(gateway, keys.app, { origin: OTHER })).toBe(4403);
    expect(await signInOver(gateway, keys.app, {})).toBe(4403);
  });
});

describe('a key for some addresses', () => {
  it.each([
    ['X-Forwarded-For', INSIDE],
    ['X-Forwarded-For', `${INSIDE}, 127.0.0.1`],
    ['X-Real-IP', INSIDE],
    ['Forwarded', `for=${INSIDE}`],
    ['True-Client-IP', INSIDE],
  ])('is refused to who only says to be there, with %s: %s', async (name, value) => {
    const answer = await ask(gateway, keys.inside, { [name]: value });
    expect(outcomeOf(answer)).toBe('403 FORBIDDEN');
    expect(answer.text).not.toContain('198.51.100');
    expect(await signInOver(gateway, keys.inside, { [name]: value })).toBe(4403);
  });

  it('goes by what a trusted proxy says, and by the nearest that is not the proxy itself', async () => {
    expect(outcomeOf(await ask(proxied, keys.inside, { 'x-forwarded-for': INSIDE }))).toBe('200 key:inside');
    expect(outcomeOf(await ask(proxied, keys.inside, { 'x-forwarded-for': `${INSIDE}, 203.0.113.9` }))).toBe(
      '403 FORBIDDEN',
    );
    expect(outcomeOf(await ask(proxied, keys.inside))).toBe('403 FORBIDDEN');
    expect(await signInOver(proxied, keys.inside, { 'x-forwarded-for': INSIDE })).toBe('ACK');
    expect(await signInOver(proxied, keys.inside, { 'x-forwarded-for': '203.0.113.9' })).toBe(4403);
  });

  it('is good from there, whatever headers say', async () => {
    expect(outcomeOf(await ask(gateway, keys.loopback, { 'x-forwarded-for': INSIDE }))).toBe('200 key:loopback');
  });
});

describe('a key that has expired', () => {
  it('is told so, and closes sockets so that clients do not come again', async () => {
    const answer = await ask(gateway, keys.expired);
    expect(outcomeOf(answer)).toBe('401 UNAUTHENTICATED');
    expect(answer.errors[0]?.message).toBe('This API key has expired.');
    expect(await signInOver(gateway, keys.expired, {})).toBe(4403);
  });
});

it('none of these keys is in the log', () => {
  const log = [...gateway.logLines, ...proxied.logLines].join('');
  expect(log).toMatch(/key:app/);
  for (const key of Object.values(keys)) expect(log).not.toContain(key);
});
