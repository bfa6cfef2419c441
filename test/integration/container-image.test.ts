// What the Dockerfile promises, as far as it can be seen without Docker: it is read, and its last stage is put together
// in a folder and run: the same files, the same environment, the same commands.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SERVER_NODE_MAJOR } from '../../scripts/bootstrap/node-version.cjs';
import { createSelfSignedCertificate } from '../support/certificates.ts';
import { copiesOf, createIgnore, environmentOf, readDockerfile, type Stage, valuesOf } from '../support/dockerfile.ts';
import { startProcess } from '../support/start-process.ts';

const stages = readDockerfile();
const image = stages.at(-1) as Stage;
const entrypoint: readonly string[] = JSON.parse(valuesOf(image, 'ENTRYPOINT')[0] ?? '[]');
const healthcheck: readonly string[] = JSON.parse(
  /CMD (\[.*\])$/.exec(valuesOf(image, 'HEALTHCHECK')[0] ?? '')?.[1] ?? '[]',
);

describe('the Dockerfile', () => {
  it('builds on one major of Node, the one the server needs', () => {
    expect(stages.map(({ base }) => base)).toEqual(stages.map(() => `node:${SERVER_NODE_MAJOR}-slim`));
  });

  it('installs from the lock file alone, and for the image nothing that is only for development', () => {
    const commands = stages.flatMap((stage) => valuesOf(stage, 'RUN'));
    const installs = commands.filter((command) => /\bnpm (?!run )/.test(command));
    expect(installs.every((command) => command.startsWith('npm ci --'))).toBe(true);
    const [modules] = copiesOf(image).filter(({ target }) => target === 'node_modules');
    const source = stages.find(({ name }) => name === modules?.from);
    expect(source && valuesOf(source, 'RUN')).toEqual([expect.stringMatching(/^npm ci --omit=dev /)]);
  });

  it('copies what is there and what the build may see', () => {
    const isIgnored = createIgnore();
    const sources = stages.flatMap(copiesOf).flatMap(({ from, sources }) => (from === undefined ? sources : []));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !existsSync(source) || isIgnored(source))).toEqual([]);
  });

  it('keeps keys, history and everything else from the build', () => {
    const isIgnored = createIgnore();
    const copied = new Set(
      stages.flatMap(copiesOf).flatMap(({ sources }) => sources.map((path) => path.split('/')[0])),
    );
    const others = readdirSync('.').filter((entry) => !copied.has(entry));
    const secrets = ['.env', '.sluice/admin-key', '.git/config', 'sluice.yaml', 'tls.key', 'node_modules/pino/pino.js'];
    expect([...others, ...secrets].filter((path) => !isIgnored(path))).toEqual([]);
  });

  it('runs as a user that is not root, from the first thing it does', () => {
    const [user = '', ...more] = valuesOf(image, 'USER');
    expect(more).toEqual([]);
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const after = image.instructions.slice(image.instructions.findIndex(({ keyword }) => keyword === 'USER'));
    expect(after.map(({ keyword }) => keyword)).not.toContain('RUN');
  });

  it('starts the server and its health check without a shell in between', () => {
    expect(entrypoint).toEqual(['node', 'dist/main.js']);
    expect(healthcheck[0]).toBe('node');
  });
});

describe('what the image holds', () => {
  let root: string;
  let app: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-image-'));
    app = join(root, 'app');
    await mkdir(app);
    for (const { from, sources, target } of copiesOf(image)) {
      for (const source of sources) {
        if (from === 'dependencies') await linkProductionPackages(join(app, target));
        else if (from === 'build') await copyBuilt(basename(source), join(app, target));
        else await cp(source, join(app, target, basename(source)));
      }
    }
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** As the image has it, on a free port. */
  const environment = (): Record<string, string> => ({
    ...environmentOf(image),
    PORT: '0',
    HOST: '127.0.0.1',
    SLUICE_DATA_DIR: join(root, 'data'),
    SLUICE_CONFIG: join(root, 'config', 'sluice.yaml'),
    SLUICE_ALLOW_EMBEDDED: '1',
    SLUICE_ALLOW_SIMULATOR: '1',
    // Packages are links here: what they load is looked for beside the link.
    NODE_OPTIONS: '--preserve-symlinks',
  });

  async function writeConfig(server: string, more = ''): Promise<void> {
    await mkdir(join(root, 'config'), { recursive: true });
    await writeFile(join(root, 'config', 'sluice.yaml'), `server: ${server}\nshutdown: { graceMs: 100 }\n${more}`);
  }

  /** The health check's own command; what it says, and its exit code. */
  function checkHealth(port: string): Promise<{ readonly code: number; readonly said: string }> {
    return new Promise((done) => {
      const env = { ...environmentOf(image), PORT: port };
      execFile(process.execPath, healthcheck.slice(1), { cwd: app, env }, (error, _stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), said: stderr });
      });
    });
  }

  let server: ReturnType<typeof startProcess>;
  const start = async (): Promise<URL> => {
    server = startProcess({ folder: app, env: environment(), script: join(app, entrypoint[1] ?? '') });
    const [, url = ''] = await server.printed(/"url":"([^"]+)"/);
    return new URL(url);
  };
  beforeEach(() => rm(join(root, 'data'), { recursive: true, force: true }));
  afterEach(async () => {
    server.child.kill('SIGKILL');
    await server.exited;
  });

  it('is enough to serve, is healthy, writes into its data folder only, and ends when told', async () => {
    await writeConfig('{ trustedProxies: ["127.0.0.1"] }');
    const before = readdirSync(app, { recursive: true }).sort();
    const url = await start();
    expect(await checkHealth(url.port)).toEqual({ code: 0, said: '' });
    const key = (await readFile(join(root, 'data', 'admin-key'), 'utf8')).trim();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-forwarded-proto': 'https' },
      body: JSON.stringify({
        query: 'mutation { generate(input: { model: "sim-fast", prompt: "Hi" }) { __typename } }',
      }),
    });
    expect(await answer.json()).toEqual({ data: { generate: { __typename: 'GenerateSuccess' } } });
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(await checkHealth(url.port)).toEqual({ code: 1, said: expect.stringMatching(/^not healthy: /) });
    expect(readdirSync(app, { recursive: true }).sort()).toEqual(before);
    expect(readdirSync(join(root, 'data')).sort()).toEqual(['admin-key', 'secret']);
  });

  it('is healthy with TLS of its own, whatever names its certificate has', async () => {
    const { cert, key } = createSelfSignedCertificate(['ai.example.com']);
    const provider = 'providers: [{ id: local, kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" }]\n';
    const model = 'models: [{ id: small, targets: [{ provider: local, model: small }] }]\n';
    await writeConfig('{ tls: { certFile: tls.crt, keyFile: tls.key } }', provider + model);
    await writeFile(join(root, 'config', 'tls.crt'), cert);
    await writeFile(join(root, 'config', 'tls.key'), key);
    const url = await start();
    expect(url.protocol).toBe('https:');
    expect(await checkHealth(url.port)).toEqual({ code: 0, said: '' });
    expect(server.output()).not.toContain('refused a connection');
  });
});

/** What `npm ci --omit=dev --omit=optional` leaves, by the same list: the lock file. */
async function linkProductionPackages(target: string): Promise<void> {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly dev?: boolean; readonly optional?: boolean; readonly devOptional?: boolean }>
    >;
  };
  for (const [path, { dev, optional, devOptional }] of Object.entries(packages)) {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
    if (name === undefined || dev || optional || devOptional) continue;
    await mkdir(dirname(join(target, name)), { recursive: true });
    await symlink(resolve(path), join(target, name));
  }
}

/** What the build stage made; `npm test` has built it just now. */
const copyBuilt = (source: string, target: string): Promise<void> =>
  cp(source, target, { recursive: true, filter: (file) => !file.endsWith('.map') });
