// Access taken away ends what goes on with it, over each transport, with real clients.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLiveStreams, revokedEnds } from '../support/live-streams.ts';
import { otherKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

const appKey = 'sk_test_app_0123456789abcdef0123456789abcdef';
const app = (settings: string): readonly string[] => [`{ name: app, key: "${appKey}"${settings} }`];

describe('keys of the configuration', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  it.each([
    ['is gone', '', []],
    ['has a lower role', ', roles: [ADMIN]', app(', roles: [MEMBER]')],
    ['has a scope less', '', app(', scopes: [generate]')],
    ['may use fewer models', ', allowedModels: [sim-instant, sim-fast]', app(', allowedModels: [sim-instant]')],
    ['may not be used from there', '', app(', allowedCidrs: ["10.0.0.0/8"]')],
    ['has expired', '', app(', expiresAt: "2020-01-01T00:00:00Z"')],
  ])('end the streams of a key that %s, and no others', async (name, before, after) => {
    await gateway.reload({ apiKeys: app(before) });
    const streams = await openLiveStreams(gateway.graphqlUrl, appKey, name);
    const others = await openLiveStreams(gateway.graphqlUrl, otherKey, name);
    let othersEnded = false;
    const watching = others.ended.finally(() => {
      othersEnded = true;
    });
    watching.catch(() => undefined);
    await gateway.reload({ apiKeys: after });
    expect(await streams.ended).toEqual(revokedEnds);
    expect(othersEnded).toBe(false);
    await others.leave();
    await expect(watching).rejects.toThrow('aborted');
  });

  it('end the streams of a key when its time is over', async () => {
    const expiresAt = new Date(Date.now() + 3_000).toISOString();
    await gateway.reload({ apiKeys: app(`, expiresAt: "${expiresAt}"`) });
    const streams = await openLiveStreams(gateway.graphqlUrl, appKey, 'expires');
    expect(await streams.ended).toEqual(revokedEnds);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect((await gateway.send({ query: '{ __typename }', key: appKey })).status).toBe(401);
  });
});
