// Manifests of trusted documents: the formats build tools write, and every way a manifest can be wrong, told with the
// rest of the configuration.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { hashOfText } from '../../../src/platform/document-manifest.ts';

const KEY = 'k'.repeat(40);
const text = '{ models { id } }';
const other = 'query Other { viewer { principal } }';
const hash = hashOfText(text);
const settings = 'server: { trustedDocuments: { mode: log, manifest: manifest.json } }\n';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-manifest-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function load(yaml = settings, manifest?: string | Uint8Array): Promise<Config> {
  await writeFile(join(folder, 'sluice.yaml'), yaml);
  if (manifest !== undefined) await writeFile(join(folder, 'manifest.json'), manifest);
  return loadConfig({ env: {}, cwd: folder, isTerminal: false });
}

const problemsOf = (loading: Promise<Config>): Promise<string[]> =>
  loading.then(
    () => ['it loaded'],
    (error: Error) =>
      error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
  );
const json = (manifest: unknown): Promise<Config> => load(settings, JSON.stringify(manifest));
const apollo = (operations: unknown, version = 1) => ({
  format: 'apollo-persisted-query-manifest',
  version,
  operations,
});

describe('a manifest', () => {
  it.each<[format: string, manifest: unknown]>([
    ['of GraphQL Code Generator', { [`sha256:${hash}`]: text, [`sha256:${hashOfText(other)}`]: other }],
    ['of plain hashes', { [hash]: text, [hashOfText(other)]: other }],
    [
      'of Apollo',
      apollo([
        { id: hash, name: 'Models', type: 'query', body: text },
        { id: hashOfText(other), name: 'Other', type: 'query', body: other },
      ]),
    ],
  ])('%s is read', async (_format, manifest) => {
    const { trustedDocuments } = (await json(manifest)).server;
    expect(trustedDocuments.mode).toBe('log');
    expect(trustedDocuments.manifest).toEqual({
      name: 'manifest.json',
      documents: new Map([
        [hash, text],
        [hashOfText(other), other],
      ]),
    });
  });

  it('is hashed as UTF-8, whatever signs it has', async () => {
    const signs = '{ models(name: "e\u0301 😀") { id } }';
    const config = await json({ [`sha256:${hashOfText(signs)}`]: signs });
    expect(config.server.trustedDocuments.manifest?.documents.size).toBe(1);
    expect(hashOfText('query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}')).toBe(
      '7dba4bd717b41f10434822356a93c32b1fb4907b983e854300ad839f84cdcd6e',
    );
  });

  it('is looked for beside the configuration file', async () => {
    await mkdir(join(folder, 'etc'));
    await writeFile(join(folder, 'etc', 'sluice.yaml'), settings);
    await writeFile(join(folder, 'etc', 'manifest.json'), JSON.stringify({ [hash]: text }));
    const config = await loadConfig({ env: { SLUICE_CONFIG: 'etc/sluice.yaml' }, cwd: folder, isTerminal: false });
    expect(config.server.trustedDocuments.manifest?.documents.size).toBe(1);
  });

  it('keeps entries named like properties entries', async () => {
    const problems = await problemsOf(load(settings, `{"__proto__": "{ a }", "constructor": "{ b }"}`));
    expect(problems).toEqual([
      expect.stringMatching(/^manifest\.json "__proto__": the id must be "sha256:"/),
      expect.stringMatching(/^manifest\.json "constructor": the id must be "sha256:"/),
    ]);
  });
});

describe('problems of a manifest', () => {
  it('are told for all entries and beside those of the configuration', async () => {
    const wrong = 'b'.repeat(64);
    const yaml = `${settings}shutdown: { graceMs: -1 }\n`;
    expect((await problemsOf(load(yaml, '{}'))).length).toBe(1);
    const manifest = { [`sha256:${wrong}`]: text, [`sha1:${'a'.repeat(40)}`]: text, [hash]: 5, x: 'CANARY' };
    expect(await problemsOf(json(manifest))).toEqual([
      `manifest.json "sha256:${wrong}": the id is not the sha256 of its text, which is ${hash}: make the manifest anew and let nothing reformat it`,
      expect.stringMatching(
        /^manifest\.json "sha1:a+": the id must be "sha256:" .* have the manifest made with sha256$/,
      ),
      expect.stringMatching(/^manifest\.json "[0-9a-f]{64}": the text of the document must be a string$/),
      expect.stringMatching(/^manifest\.json "x": the id must be/),
    ]);
  });

  it('name an entry of Apollo by its place and name', async () => {
    const manifest = apollo([{ id: hash, name: 'Other', body: other }, null, { id: 7, body: text }]);
    expect(await problemsOf(json(manifest))).toEqual([
      expect.stringMatching(/^manifest\.json operations\[0\] "Other": the id is not the sha256 of its text/),
      expect.stringMatching(/^manifest\.json operations\[1\]: the text of the document must be a string$/),
      expect.stringMatching(/^manifest\.json operations\[2\]: the id must be/),
    ]);
  });

  it.each<[what: string, manifest: string | Uint8Array, problem: RegExp]>([
    ['text that is no JSON', 'CANARY {', /^manifest\.json: this is not JSON text in UTF-8$/],
    ['nothing', '', /not JSON/],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /not JSON text in UTF-8/],
    ['a list', '[]', /expected a JSON object/],
    ['null', 'null', /expected a JSON object/],
    ['a later version of Apollo’s format', JSON.stringify(apollo([], 2)), /only version 1/],
    ['Apollo’s format without operations', JSON.stringify(apollo({})), /"operations" must be a list/],
    [
      'ten thousand and one documents',
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`q${index}`, 'x']))),
      /it holds 10001 documents, at most 10000 are taken/,
    ],
  ])('%s is one', async (_what, manifest, problem) => {
    const problems = await problemsOf(load(settings, manifest));
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toContain('CANARY');
  });

  it('are a file that is not there, is a folder, or is too large', async () => {
    const place = 'sluice.yaml:1 server.trustedDocuments.manifest: found';
    expect(await problemsOf(load())).toEqual([`${place} "manifest.json", expected the path of a file that exists`]);
    await mkdir(join(folder, 'manifest.json'));
    expect(await problemsOf(load())).toEqual([`${place} "manifest.json", expected the path of a file`]);
    await rm(join(folder, 'manifest.json'), { recursive: true });
    expect(await problemsOf(load(settings, Buffer.alloc(16 * 1024 * 1024 + 1, ' ')))).toEqual([
      `${place} "manifest.json", expected a file of at most 16777216 bytes`,
    ]);
  });
});

describe('modes', () => {
  const keys = (mode: string): string => `auth: { apiKeys: [{ name: web, key: "${KEY}", documentMode: ${mode} }] }\n`;

  it('are off where nothing is said, and need no manifest then', async () => {
    const config = await load('');
    expect(config.server.trustedDocuments).toEqual({ mode: 'off', manifest: undefined });
    expect(config.auth).toMatchObject({ apiKeys: [], adminDocumentMode: undefined });
    expect((await load(keys('off'))).auth.apiKeys[0]?.documentMode).toBe('off');
  });

  it('of keys are their own', async () => {
    const yaml = `${settings}auth: { adminDocumentMode: off, apiKeys: [{ name: web, key: "${KEY}", documentMode: require }] }`;
    const { auth } = await load(yaml, JSON.stringify({ [hash]: text }));
    expect(auth.adminDocumentMode).toBe('off');
    expect(auth.apiKeys[0]?.documentMode).toBe('require');
  });

  it('that need a manifest are refused without one, wherever they stand', async () => {
    const expected = 'expected off, or a manifest in server.trustedDocuments.manifest';
    expect(await problemsOf(load('server: { trustedDocuments: { mode: require } }'))).toEqual([
      `sluice.yaml:1 server.trustedDocuments.mode: found "require", ${expected}`,
    ]);
    expect(await problemsOf(load(keys('log')))).toEqual([
      `sluice.yaml:1 auth.apiKeys[0].documentMode: found "log", ${expected}`,
    ]);
    expect(await problemsOf(load('auth: { adminDocumentMode: allow-known }'))).toEqual([
      `sluice.yaml:1 auth.adminDocumentMode: found "allow-known", ${expected}`,
    ]);
  });

  it('that there are not are told', async () => {
    expect(await problemsOf(load('server: { trustedDocuments: { mode: strict } }'))).toEqual([
      expect.stringMatching(/found "strict", expected one of off, log, allow-known, require$/),
    ]);
  });

  it.each<[what: string, yaml: string, manifest: unknown, warning: RegExp | undefined]>([
    ['a manifest that nothing uses', settings.replace('log', 'off'), { [hash]: text }, /a manifest that nothing uses/],
    ['a manifest that a key uses', `${settings.replace('log', 'off')}${keys('require')}`, { [hash]: text }, undefined],
    ['a manifest without documents', settings, {}, /holds no documents/],
    [
      'an admin key that is bound as all are',
      settings.replace('log', 'require'),
      { [hash]: text },
      /for the admin key too.*adminDocumentMode: off/,
    ],
    [
      'an admin key that is not',
      `${settings.replace('log', 'require')}auth: { adminDocumentMode: off }`,
      { [hash]: text },
      undefined,
    ],
  ])('warn of what may be a mistake: %s', async (_what, yaml, manifest, warning) => {
    const { warnings } = await load(yaml, JSON.stringify(manifest));
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  });
});
