// What a reload leaves as it was, and what of it reaches those who are connected already.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../src/platform/config-errors.ts';
import { GenerateDocument } from '../generated/graphql.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { heapGrowthOfReloads } from '../support/heap-of-reloads.ts';
import { adminKey, otherKey, startGateway } from '../support/start-gateway.ts';
import { readStream } from '../support/stream-transports.ts';
import { openSignedIn } from '../support/wire.ts';

const appKey = 'sk_test_app_0123456789abcdef0123456789abcdef';
const app = (more = ''): readonly string[] => [`{ name: app, key: "${appKey}"${more} }`];
const input = { model: 'sim-instant', prompt: 'Hello' };
const subscription = (idempotencyKey: string, model = 'sim-instant') => ({
  query: 'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename } }',
  variables: { input: { idempotencyKey, request: { ...input, model } } },
});

describe('a reload keeps', () => {
  it('what was counted against an address, under other limits, too', async () => {
    await using gateway = await startGateway({ yaml: 'throttle: { failedSignInsPerMinute: 3 }\n' });
    const statuses: number[] = [];
    const fail = async (): Promise<void> => void statuses.push((await gateway.send({ key: 'x'.repeat(40) })).status);
    for (let count = 0; count < 4; count++) await fail();
    await gateway.reload({ yaml: 'throttle: { failedSignInsPerMinute: 3 }\nstreams: { graceMs: 1000 }\n' });
    await fail();
    await gateway.reload({ yaml: 'throttle: { failedSignInsPerMinute: 7 }\n' });
    for (let count = 0; count < 3; count++) await fail();
    expect(statuses).toEqual([401, 401, 401, 429, 429, 401, 401, 429]);
  });

  it('answers for their keys, at the price they had, and streams that run under them', async () => {
    await using gateway = await startGateway();
    const keyed = { input: { ...input, idempotencyKey: 'kept' } };
    const first = await gateway.run(GenerateDocument, keyed);
    const running = { tokens: ['one ', 'two '], latencyMs: 0, firstTokenMs: 0, tokensPerSecond: 4 };
    const variables = {
      input: {
        idempotencyKey: 'running',
        request: { ...input, prompt: `Go on. [[sim: ${JSON.stringify(running)}]]` },
      },
    };
    let begun: (() => void) | undefined;
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const stream = readStream(gateway, 'sse', variables, { onEvent: () => begun?.() });
    await hasBegun;
    await gateway.reload({ timeouts: '{ totalMs: 90000 }', yaml: 'idempotency: { retentionHours: 1 }\n' });
    const attached = await readStream(gateway, 'websocket', variables);
    const events = await stream;
    expect(attached).toEqual(events);
    expect(gateway.simulator.bill().totals.requests).toBe(2);
    const second = await gateway.run(GenerateDocument, keyed);
    if (first.generate?.__typename !== 'GenerateSuccess') throw new Error('the first call failed');
    expect(second.generate).toMatchObject({
      replayed: true,
      generation: { id: first.generate.generation.id, usage: { savedUsd: first.generate.generation.usage?.costUsd } },
    });
    expect(gateway.simulator.bill().totals.requests).toBe(2);
  });
});

describe('a reload reaches', () => {
  it('limits on operations and introspection, and later operations of open sockets with them', async () => {
    await using gateway = await startGateway();
    await using wire = await openSignedIn(gateway.socketUrl, adminKey);
    const query = '{ a: viewer { principal } b: viewer { principal } }';
    expect((await gateway.send({ query })).status).toBe(200);
    expect((await gateway.send({ query: '{ __schema { queryType { name } } }' })).status).toBe(200);
    expect((await wire.subscribe('1', subscription('before'))).type).toBe('next');
    while ((await wire.next()).type !== 'complete');
    await gateway.reload({
      yaml: 'server: { introspection: false }\noperationLimits: { aliases: 1 }\nsockets: { operationsPerKey: 1 }\n',
    });
    expect((await gateway.send({ query })).errors[0]?.extensions?.['code']).toBe('MAX_COST_EXCEEDED');
    expect((await gateway.send({ query: '{ __schema { queryType { name } } }' })).status).toBe(400);
    const aliased = subscription('after');
    const refused = await wire.subscribe('2', {
      ...aliased,
      query: aliased.query.replace('__typename', 'one: generationId two: generationId'),
    });
    expect(refused.payload[0].extensions.code).toBe('MAX_COST_EXCEEDED');
    const hang = JSON.stringify({ tokens: ['a'], hang: { afterTokens: 1 } });
    const endless = subscription('endless');
    endless.variables.input.request.prompt = `[[sim: ${hang}]]`;
    expect((await wire.subscribe('3', endless)).type).toBe('next');
    expect((await wire.subscribe('4', subscription('fourth'))).payload[0].extensions.code).toBe('RATE_LIMITED');
  });

  it('what a key may do, on its open sockets as well; for less, or under another name, it has to sign in anew', async () => {
    await using gateway = await startGateway({ apiKeys: app(', allowedModels: [sim-fast]') });
    await using wire = await openSignedIn(gateway.socketUrl, appKey);
    expect((await wire.subscribe('1', subscription('first'))).payload[0].extensions.code).toBe('MODEL_NOT_FOUND');
    await gateway.reload({ apiKeys: app() });
    expect((await wire.subscribe('2', subscription('second'))).type).toBe('next');
    await gateway.reload({ apiKeys: app(', allowedModels: [sim-fast]') });
    expect(await wire.closed).toEqual({ code: 4403, reason: 'Sign in again' });
    await using again = await openSignedIn(gateway.socketUrl, appKey);
    expect((await again.subscribe('1', subscription('third', 'sim-fast'))).type).toBe('next');
    await gateway.reload({ apiKeys: [`{ name: renamed, key: "${appKey}", allowedModels: [sim-fast] }`] });
    expect(await again.closed).toEqual({ code: 4403, reason: 'Sign in again' });
    const { data } = await gateway.send({ query: '{ viewer { principal } }', key: appKey });
    expect(data.viewer.principal).toBe('key:renamed');
  });

  it('the old key of a name that has another one now: its sockets end, and it is not let in', async () => {
    await using gateway = await startGateway({ apiKeys: app() });
    await using wire = await openSignedIn(gateway.socketUrl, appKey);
    await using others = await openSignedIn(gateway.socketUrl, otherKey);
    await gateway.reload({ apiKeys: [`{ name: app, key: "${appKey}-next" }`] });
    expect((await wire.closed).code).toBe(4403);
    expect((await gateway.send({ query: '{ __typename }', key: appKey })).status).toBe(401);
    expect((await gateway.send({ query: '{ __typename }', key: `${appKey}-next` })).status).toBe(200);
    expect((await others.subscribe('1', subscription('others'))).type).toBe('next');
    await gateway.logged(/"changes":\["key app: key changed"\],"ended":1/);
  });

  it('calls of a key that is gone whose body is still on its way', async () => {
    await using gateway = await startGateway({ apiKeys: app() });
    const { origin } = new URL(gateway.url);
    const headers = {
      authorization: `Bearer ${appKey}`,
      'content-type': 'application/json',
      // The server says so when it has read the headers.
      expect: '100-continue',
    };
    const request = httpRequest(`${origin}/graphql`, { method: 'POST', headers });
    request.flushHeaders();
    await once(request, 'continue');
    await gateway.reload({ apiKeys: [] });
    request.end(
      JSON.stringify({ query: `mutation { generate(input: { model: "sim-instant", prompt: "Hi" }) { __typename } }` }),
    );
    const [answer] = await once(request, 'response');
    expect(answer.statusCode).toBe(401);
    answer.resume();
    expect(gateway.simulator.bill().totals.requests).toBe(0);
  });

  it('pages of other origins', async () => {
    await using gateway = await startGateway();
    const allowed = async (): Promise<string | null> => {
      const { headers } = await gateway.send({ headers: { origin: 'https://app.example.com' } });
      return headers.get('access-control-allow-origin');
    };
    expect(await allowed()).toBeNull();
    await gateway.reload({ yaml: 'server: { allowedOrigins: ["https://app.example.com"] }\n' });
    expect(await allowed()).toBe('https://app.example.com');
  });

  it('trusted documents; of a manifest that does not fit it takes nothing at all', async () => {
    const yaml = 'server: { trustedDocuments: { mode: require, manifest: m.json } }\n';
    const manifest = (...texts: readonly string[]) => ({
      'm.json': JSON.stringify(Object.fromEntries(texts.map((text) => [idOf(text), text]))),
    });
    const idOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const [one, two, wrong] = ['{ viewer { principal } }', '{ models { name } }', '{ nothing }'];
    await using gateway = await startGateway({ yaml, files: manifest(one) });
    const statusOf = async (text: string): Promise<number> => (await gateway.send({ documentId: idOf(text) })).status;
    expect([await statusOf(one), await statusOf(two)]).toEqual([200, 400]);
    await gateway.reload({ files: manifest(two) });
    expect([await statusOf(one), await statusOf(two)]).toEqual([400, 200]);
    const reloading = gateway.reload({ files: manifest(one, wrong), apiKeys: app() });
    await expect(reloading).rejects.toThrow(/m\.json .*Cannot query field/);
    expect([await statusOf(one), await statusOf(two)]).toEqual([400, 200]);
    expect((await gateway.send({ query: '{ __typename }', key: appKey })).status).toBe(401);
  });
});

describe('a reload of TLS', () => {
  const authority = createCertificateAuthority();
  const filesOf = ({ cert, key }: ReturnType<typeof authority.issue>) => ({ 'tls.crt': cert, 'tls.key': key });
  const tls = 'server: { tls: { certFile: tls.crt, keyFile: tls.key } }\n';

  it('uses a new pair at once, keeps the old one where the new is bad, and cannot switch it off', async () => {
    await using gateway = await startGateway({ yaml: tls, files: filesOf(authority.issue(['127.0.0.1'])) });
    const serial = async (): Promise<string> => {
      const socket = connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', ca: authority.cert });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const first = await serial();
    await gateway.reload({ files: filesOf(authority.issue(['127.0.0.1'])) });
    const second = await serial();
    expect(second).not.toBe(first);
    await gateway.logged(/"changes":\["server\.tls changed"\]/);
    const mixed = { ...filesOf(authority.issue(['127.0.0.1'])), 'tls.key': authority.issue(['x']).key };
    await expect(gateway.reload({ files: mixed })).rejects.toThrow(ConfigError);
    expect(await serial()).toBe(second);
    await gateway.reload({ yaml: '' });
    expect(await serial()).toBe(second);
    await gateway.logged(/"waitForRestart":\["server\.tls changed"\]/);
  });

  it('cannot switch it on', async () => {
    await using gateway = await startGateway();
    await gateway.reload({ yaml: tls, files: filesOf(authority.issue(['127.0.0.1'])) });
    expect((await gateway.send({ query: '{ __typename }' })).status).toBe(200);
    await gateway.logged(/"waitForRestart":\["server\.tls changed"\]/);
  });
});

it('fifty reloads leave nothing behind', async () => {
  expect(await heapGrowthOfReloads(50)).toBeLessThan(512 * 1024);
}, 60_000);
