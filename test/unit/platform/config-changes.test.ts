// What the log of a reload says, and what a reload cannot change.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { changesThatWait, describeChanges, withStanding } from '../../../src/platform/config-changes.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { createSelfSignedCertificate } from '../../support/certificates.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-changes-'));
  const { cert, key } = createSelfSignedCertificate(['localhost']);
  await writeFile(join(folder, 'tls.crt'), cert);
  await writeFile(join(folder, 'tls.key'), key);
});
afterAll(() => rm(folder, { recursive: true }));

async function load(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  await writeFile(join(folder, 'sluice.yaml'), yaml);
  return loadConfig({ env, cwd: folder, isTerminal: false });
}

const KEY = 'secret-key-0123456789abcdef0123456789';
const BASE = `
providers:
  - { id: one, kind: openai, apiKey: sk-secret-one }
  - { id: two, kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }
models:
  - { id: m, targets: [{ provider: one, model: gpt-4o }], prices: { input: "1", output: "2" } }
  - { id: n, targets: [{ provider: two, model: x }] }
auth: { apiKeys: [{ name: web, key: "${KEY}" }] }
`;

describe('the changes between two configurations', () => {
  it('are none where the file is the same', async () => {
    expect(describeChanges(await load(BASE), await load(BASE))).toEqual([]);
    expect(changesThatWait(await load(BASE), await load(BASE))).toEqual([]);
  });

  it.each<[name: string, edit: (yaml: string) => string, changes: readonly string[]]>([
    ['a price', (yaml) => yaml.replace('output: "2"', 'output: "3"'), ['model m: prices changed']],
    ['a target', (yaml) => yaml.replace('gpt-4o', 'gpt-4.1'), ['model m: target changed']],
    ['a model', (yaml) => yaml.replace('id: n,', 'id: o,'), ['model n removed', 'model o added']],
    [
      'the key of a provider',
      (yaml) => yaml.replace('sk-secret-one', 'sk-secret-two'),
      ['provider one: apiKey changed'],
    ],
    ['an address', (yaml) => yaml.replace('127.0.0.1:1', '127.0.0.1:2'), ['provider two: baseUrl changed']],
    ['a key', (yaml) => yaml.replace(KEY, `${KEY}x`), ['key web: key changed']],
    ['the name of a key', (yaml) => yaml.replace('name: web', 'name: app'), ['key web removed', 'key app added']],
    ['roles', (yaml) => yaml.replace('" }] }', '", roles: [ADMIN] }] }'), ['key web: roles changed']],
    ['a limit', (yaml) => `${yaml}operationLimits: { depth: 9 }`, ['operationLimits.depth changed']],
    ['origins', (yaml) => `${yaml}server: { allowedOrigins: ["https://a.b"] }`, ['server.allowedOrigins changed']],
    ['proxies', (yaml) => `${yaml}server: { trustedProxies: [10.0.0.1] }`, ['server.trustedProxies changed']],
  ])('name %s, without its value', async (_name, edit, changes) => {
    const found = describeChanges(await load(BASE), await load(edit(BASE)));
    expect(found).toEqual(changes);
    expect(found.join()).not.toMatch(/secret/);
  });

  it('that wait for a restart are those of what the process stands on', async () => {
    const before = await load(BASE);
    const yaml = `${BASE}server: { host: 127.0.0.2, port: 1, introspection: false, tls: { certFile: tls.crt, keyFile: tls.key } }`;
    const wanted = await load(yaml);
    expect(changesThatWait(before, wanted)).toEqual([
      'server.host changed',
      'server.port changed',
      'server.tls changed',
    ]);
    const taken = withStanding(before, wanted);
    expect(taken.server).toMatchObject({ host: '127.0.0.1', port: 4000, tls: undefined, introspection: false });
    // The other way round, the certificate stays.
    expect(withStanding(wanted, before).server.tls).toBe(wanted.server.tls);
    expect(describeChanges(before, taken)).toEqual(['server.introspection changed']);
  });

  it('hold back the proxies where TLS of its own takes their place, or the other way round', async () => {
    const behindProxy = await load(`${BASE}server: { trustedProxies: [10.0.0.1] }`);
    const withTls = await load(`${BASE}server: { tls: { certFile: tls.crt, keyFile: tls.key } }`);
    for (const [before, wanted] of [
      [behindProxy, withTls],
      [withTls, behindProxy],
    ] as const) {
      expect(withStanding(before, wanted).server.trustedProxies).toEqual(before.server.trustedProxies);
      expect(describeChanges(before, withStanding(before, wanted))).toEqual([]);
      expect(changesThatWait(before, wanted)).toEqual(['server.tls changed', 'server.trustedProxies changed']);
    }
  });
});
