// What is known of the packages that production runs with: which they are, under which licences, and whether a
// vulnerability is known; npm itself asked where it is about npm, against a registry of the test's own.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../../scripts/audit.mjs';
import { checkLicences, isAllowed, licenceProblems } from '../../../scripts/checks/licences.mjs';
import { productionPackages, readProductionPackages } from '../../../scripts/checks/production-packages.mjs';
import { productionSbom } from '../../../scripts/sbom.mjs';

describe('the packages of production', () => {
  it('are those not for development alone, on every platform, each where it stands', () => {
    const packages = {
      '': { name: 'sluice', version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', license: 'MIT' },
      'node_modules/@s/b': { version: '2.0.0', optional: true },
      'node_modules/a/node_modules/c': { version: '3.0.0' },
      'node_modules/alias': { name: 'd', version: '4.0.0' },
      'node_modules/tool': { version: '5.0.0', dev: true },
    };
    expect(productionPackages({ packages }).map(({ name, version }) => `${name}@${version}`)).toEqual([
      'a@1.0.0',
      '@s/b@2.0.0',
      'c@3.0.0',
      'd@4.0.0',
    ]);
  });

  it('of this project hold what it imports', () => {
    const names = readProductionPackages().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['graphql', '@apollo/server', 'ws', 'undici', 'zod']));
    expect(names).not.toContain('jest');
  });
});

describe('licences', () => {
  it.each(['MIT', '(MIT AND BSD-3-Clause)', 'GPL-3.0-only OR Apache-2.0', '(MIT OR (GPL-2.0 AND ISC))'])(
    '%s is allowed',
    (licence) => {
      expect(isAllowed(licence)).toBe(true);
    },
  );

  it.each([
    'GPL-3.0-only',
    'MIT AND GPL-3.0-only',
    '(GPL-2.0 OR MIT) AND SSPL-1.0',
    'MIT WITH Some-exception',
    'UNLICENSED',
    'SEE LICENSE IN LICENSE.md',
    'MIT OR',
    '(MIT',
    'mit',
    '',
  ])('"%s" is not', (licence) => {
    expect(isAllowed(licence)).toBe(false);
  });

  it('that are not allowed are told with their package; an exception holds for its package alone', () => {
    const of = (name: string, licence: string | undefined) => ({ name, version: '1.0.0', licence });
    expect(licenceProblems([of('good', 'MIT'), of('lru-cache', 'BlueOak-1.0.0')])).toEqual([]);
    expect(licenceProblems([of('bad', 'AGPL-3.0'), of('silent', undefined), of('other', 'BlueOak-1.0.0')])).toEqual([
      expect.stringMatching(/^bad@1\.0\.0 is under "AGPL-3\.0": allowed are MIT, /),
      expect.stringMatching(/^silent@1\.0\.0 says no licence: /),
      expect.stringMatching(/^other@1\.0\.0 is under "BlueOak-1\.0\.0": /),
    ]);
  });

  it('of this project are allowed', async () => {
    expect(await checkLicences()).toEqual({ exitCode: 0, output: '' });
  });
});

describe('the answer of npm audit', () => {
  const answer = (total: number, vulnerabilities: object, prod = 100) =>
    JSON.stringify({ vulnerabilities, metadata: { vulnerabilities: { total }, dependencies: { prod } } });

  it('is clean only if npm says that it looked and found nothing', () => {
    expect(readAudit(answer(0, {}), '')).toEqual({ type: 'CLEAN', dependencies: 100 });
    expect(readAudit(answer(0, {}, 0), '').type).toBe('UNKNOWN');
    expect(readAudit('{}', '').type).toBe('UNKNOWN');
    expect(readAudit('', 'npm error code ENOTFOUND').type).toBe('UNKNOWN');
    expect(readAudit(answer(1, {}), '').type).toBe('FOUND');
  });

  it.each([
    ['{"message": "request failed, reason: no such host", "error": {"summary": ""}}', '', /no such host/],
    ['{"error": {"summary": "offline", "detail": ""}}', '', /offline/],
    ['', 'npm error\nnpm error network down\n', /network down/],
    ['', '', /did not say why/],
  ])('that is none is told for what it is: %s', (stdout, output, why) => {
    expect(readAudit(stdout, output)).toEqual({ type: 'UNKNOWN', why: expect.stringMatching(why) });
  });
});

describe('an SBOM', () => {
  const component = (ref: string, url: string) => ({
    'bom-ref': ref,
    name: ref,
    externalReferences: [
      { type: 'distribution', url },
      { type: 'website', url: 'https://a.example' },
    ],
  });
  const full = (run: string) => ({
    serialNumber: run,
    metadata: { timestamp: run, component: { 'bom-ref': 'sluice@1.0.0', name: run } },
    components: [component('b@1.0.0', run), component('a@1.0.0', run), component('tool@1.0.0', run)],
    dependencies: [
      { ref: 'sluice@1.0.0', dependsOn: ['tool@1.0.0', 'b@1.0.0', 'a@1.0.0'] },
      { ref: 'tool@1.0.0', dependsOn: [] },
      { ref: 'a@1.0.0', dependsOn: [] },
      { ref: 'b@1.0.0', dependsOn: [] },
    ],
  });
  const production = ['a@1.0.0', 'b@1.0.0'];

  it('is the same for the same packages, whenever and wherever it is made', () => {
    const sbom = productionSbom(full('first'), production);
    expect(sbom).toEqual(productionSbom(full('second'), production));
    expect(JSON.stringify(sbom)).not.toMatch(/tool|first|distribution/);
    expect(sbom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(sbom.metadata.component.name).toBe('sluice');
    expect(productionSbom(full('first'), ['a@1.0.0']).serialNumber).not.toBe(sbom.serialNumber);
  });

  it('that lacks a package is none', () => {
    expect(() => productionSbom(full('first'), [...production, 'gone@1.0.0'])).toThrow(
      /left out of the SBOM: gone@1\.0\.0/,
    );
  });
});

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

function runScript(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['scripts/run.cjs', ...args], { env: { ...process.env, ...env } });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, output })));
}

/** `advisories`: what it knows; undefined: it cannot be asked. */
async function startRegistry(advisories: object | undefined): Promise<{ server: Server; env: Record<string, string> }> {
  const versions = new Map(readProductionPackages().map(({ name, version }) => [name, version]));
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    if (request.method === 'POST') {
      response.statusCode = advisories === undefined ? 405 : 200;
      return response.end(JSON.stringify(advisories ?? {}));
    }
    const name = decodeURIComponent((request.url ?? '').slice(1));
    const version = versions.get(name) ?? '1.0.0';
    return response.end(
      JSON.stringify({ name, versions: { [version]: { name, version } }, 'dist-tags': { latest: version } }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { server, env: { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' } };
}

describe('npm run', () => {
  let folder: string;
  let file: string;
  const registries: Server[] = [];
  let found: Ended;
  let unasked: Ended;
  let sbom: Ended;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-sbom-'));
    file = join(folder, 'sbom.json');
    const knowing = await startRegistry({
      ws: [
        {
          id: 1,
          url: 'https://advisories.example/1',
          title: 'Sockets leak',
          severity: 'high',
          vulnerable_versions: '<9999',
          cwe: [],
          cvss: { score: 0, vectorString: null },
        },
      ],
    });
    const silent = await startRegistry(undefined);
    registries.push(knowing.server, silent.server);
    [found, unasked, sbom] = await Promise.all([
      runScript(['audit'], knowing.env),
      runScript(['audit'], silent.env),
      runScript(['sbom', file]),
    ]);
  }, 60_000);
  afterAll(async () => {
    for (const server of registries) {
      server.closeAllConnections();
      server.close();
    }
    await rm(folder, { recursive: true });
  });

  it('audit names what is known and fails with 1', () => {
    expect(found.output).toMatch(/high: ws .*Sockets leak \(https:\/\/advisories\.example\/1\)/);
    expect(found.exitCode).toBe(1);
  });

  it('audit fails with 2 when it cannot ask, and claims nothing', () => {
    expect(unasked.output).toMatch(/could not be asked, so nothing is known, good or bad: 405/);
    expect(unasked.exitCode).toBe(2);
  });

  it('sbom writes every package of production, none of the tools, and names no registry', async () => {
    expect(sbom.exitCode).toBe(0);
    const text = await readFile(file, 'utf8');
    const { components, metadata } = JSON.parse(text);
    const refs = components.map((component: { 'bom-ref': string }) => component['bom-ref']);
    expect(new Set(refs)).toEqual(new Set(readProductionPackages().map(({ name, version }) => `${name}@${version}`)));
    expect(metadata.component).toMatchObject({ name: 'sluice', type: 'application' });
    expect(new Set(text.match(/https?:\/\/[^/"]+/g))).toEqual(new Set(['http://cyclonedx.org']));
  });
});
