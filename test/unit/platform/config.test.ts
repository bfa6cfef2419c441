// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references under test.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../../sluice.example.yaml');
const KEY = 'k'.repeat(40);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

const load = (env: NodeJS.ProcessEnv = {}): Promise<Config> =>
  loadConfig({ env, cwd: folder, isTerminal: false, ollamaUrl: null });

async function loadText(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  await writeFile(join(folder, 'sluice.yaml'), yaml);
  return load(env);
}

async function problemsOf(loading: Promise<Config>): Promise<string[]> {
  const error = await loading.then(
    () => new Error('loaded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

const MINIMAL = `
providers: [{ id: p, kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1/" }]
models: [{ id: m, targets: [{ provider: p, model: x }] }]
`;
const withModel = (fields: string): string => MINIMAL.replace('{ id: m,', `{ id: m, ${fields},`);

describe('a configuration that loads', () => {
  it('is complete without file and environment, and brings the simulator', async () => {
    const config = await load();
    expect(config).toMatchObject({
      production: false,
      file: undefined,
      simulator: true,
      dataDirectory: join(folder, '.sluice'),
      log: { level: 'info', format: 'json' },
      server: { host: '127.0.0.1', port: 4000, allowedOrigins: [], introspection: true },
      providers: [],
      models: [],
      streams: { graceMs: 30_000, coalesceMs: 40, retentionMs: 900_000, stalledReaderMs: 15_000 },
      operationLimits: { depth: 10, aliases: 15, fields: 500, tokens: 1_000, bodyBytes: 4_194_304 },
      sockets: { perUser: 10, perKey: 1_000, operationsPerUser: 20, operationsPerKey: 5_000 },
      throttle: { failedSignInsPerMinute: 60, unauthenticatedPerMinute: 600, upgradesPerMinute: 600 },
      idempotency: { retentionHours: 24 },
      warnings: [],
    });
  });

  it('knows the address of Anthropic and asks for its key by name, unless another server is meant', async () => {
    const models = 'models: [{ id: m, targets: [{ provider: claude, model: claude-sonnet-4-5 }] }]';
    const file = (fields: string): string => `providers: [{ id: claude, kind: anthropic${fields} }]\n${models}`;
    const config = await loadText(file(', apiKey: "${ANTHROPIC_API_KEY}"'), { ANTHROPIC_API_KEY: 'sk-ant-x' });
    expect(config.providers).toMatchObject([{ kind: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' }]);
    expect(config.providers[0]?.apiKey?.reveal()).toBe('sk-ant-x');
    expect(await problemsOf(loadText(file('')))).toEqual([expect.stringContaining('e.g. "${ANTHROPIC_API_KEY}"')]);
    const other = await loadText(file(', baseUrl: "http://127.0.0.1:1/anthropic/v1"'));
    expect(other.providers).toMatchObject([{ baseUrl: 'http://127.0.0.1:1/anthropic/v1', apiKey: undefined }]);
  });

  it('is complete with providers and models alone', async () => {
    const config = await loadText(MINIMAL);
    expect(config.simulator).toBe(false);
    expect(config.providers).toEqual([
      {
        allowInsecure: false,
        allowedOptions: [],
        id: 'p',
        kind: 'openai-compatible',
        baseUrl: 'http://127.0.0.1:1/v1',
        apiKey: undefined,
        offersKnownModels: false,
      },
    ]);
    expect(config.models[0]).toMatchObject({ name: 'm', target: { providerId: 'p', model: 'x' }, prices: undefined });
    expect(config.warnings).toEqual([]);
  });

  it('is the example that is shipped, which says the defaults as they are', async () => {
    const env = { SLUICE_CONFIG: EXAMPLE, WEB_KEY: KEY, OPENAI_API_KEY: 'sk-test', ANTHROPIC_API_KEY: 'sk-ant-test' };
    const config = await load(env);
    const plain = await load();
    expect(config.models.map((model) => model.name)).toEqual(['smart', 'careful', 'local']);
    for (const part of [
      'streams',
      'shutdown',
      'operationLimits',
      'sockets',
      'throttle',
      'idempotency',
      'generations',
      'outbound',
    ] as const) {
      expect(config[part]).toEqual(plain[part]);
    }
    const { timeouts } = (await loadText(MINIMAL)).models[0] ?? {};
    expect(config.models[0]?.timeouts).toEqual(timeouts);
    expect(config.warnings).toEqual([]);
  });

  it('lets the environment win over the file for host and port', async () => {
    const file = `server: { host: 10.0.0.1, port: 1 }\n${MINIMAL}`;
    expect((await loadText(file)).server).toMatchObject({ host: '10.0.0.1', port: 1 });
    expect((await loadText(file, { PORT: '0', HOST: '::1' })).server).toMatchObject({ host: '::1', port: 0 });
  });

  it('turns prices into integers and names their version by their content', async () => {
    const priced = async (prices: string) => (await loadText(withModel(`prices: ${prices}`))).models[0]?.prices;
    const first = await priced('{ input: "3.00", output: "15.000001" }');
    expect(first).toMatchObject({
      inputMicroUsd: 3_000_000n,
      cachedInputMicroUsd: 3_000_000n,
      cacheWriteMicroUsd: 3_000_000n,
      outputMicroUsd: 15_000_001n,
      version: expect.stringMatching(/^config:[0-9a-f]{8}$/),
    });
    expect((await priced('{ input: "3", output: "15.0000010" }'))?.version).toBe(first?.version);
    expect((await priced('{ input: "3", output: "15.000001", cachedInput: "0" }'))?.version).not.toBe(first?.version);
  });

  it('takes empty sections and empty variables as not given', async () => {
    const config = await loadText(`server:\nstreams:\n${MINIMAL}`, { PORT: '', LOG_LEVEL: '', SLUICE_SECRET: '' });
    expect(config.server.port).toBe(4000);
    expect(config.secret).toBeUndefined();
  });

  it('lets models of the file use the simulator when it names no providers', async () => {
    const config = await loadText('models: [{ id: slow, targets: [{ provider: simulator, model: sim-smart }] }]');
    expect(config.simulator).toBe(true);
    expect(config.models[0]?.target.providerId).toBe('simulator');
  });
});

describe('substitution', () => {
  it('keeps a value one scalar, whatever characters it has', async () => {
    const value = `a"b: [x]\n- c # d 'e'`;
    const problems = await problemsOf(loadText(withModel('contextWindow: "${HOSTILE}"'), { HOSTILE: value }));
    expect(problems).toHaveLength(1);
    const key = `"quoted':{[#&*!|>%@`.padEnd(40, 'x');
    const config = await loadText(`auth: { apiKeys: [{ name: web, key: "\${K}" }] }\n${MINIMAL}`, { K: key });
    expect(config.auth.apiKeys[0]?.key.reveal()).toBe(key);
  });

  it('fills in numbers, flags and parts of texts, falls back to defaults, and has an escape', async () => {
    const config = await loadText(
      `server: { port: "\${P}", introspection: "\${I}", publicUrl: "https://\${SUB:-ai}.example.com" }
streams: { graceMs: "\${UNSET:-7}", coalesceMs: "\${EMPTY:-8}" }
models: [{ id: "m$\${x}", targets: [{ provider: simulator, model: sim-fast }] }]`,
      { P: '8080', I: 'false', EMPTY: '' },
    );
    expect(config.server).toMatchObject({ port: 8080, introspection: false, publicUrl: 'https://ai.example.com' });
    expect(config.streams).toMatchObject({ graceMs: 7, coalesceMs: 8 });
    expect(config.models[0]?.name).toBe('m${x}');
  });

  it('never substitutes what a variable holds, comments or keys', async () => {
    const config = await loadText(`# \${NOT_SET}\n${MINIMAL.replace('model: x', 'model: "${M}"')}`, { M: '${OTHER}' });
    expect(config.models[0]?.target.model).toBe('${OTHER}');
  });

  it('tells all missing variables and broken references with their lines', async () => {
    const problems = await problemsOf(
      loadText('server:\n  host: ${A}\n  publicUrl: "x${B}y"\nauth:\n  apiKeys: ["${C", "${1D}"]'),
    );
    expect(problems).toEqual([
      'sluice.yaml:2 server.host: found ${A}, which is not set, expected the environment to have A',
      'sluice.yaml:3 server.publicUrl: found ${B}, which is not set, expected the environment to have B',
      expect.stringMatching(/^sluice\.yaml:5 auth\.apiKeys\[0\]: \$\{ starts a variable/),
      expect.stringMatching(/^sluice\.yaml:5 auth\.apiKeys\[1\]: \$\{ starts a variable/),
    ]);
  });
});

describe('problems', () => {
  it('names of keys are not those of keys in the database', async () => {
    const file = `auth: { apiKeys: [{ name: key_first, key: "${KEY}" }] }\n`;
    expect(await problemsOf(loadText(file))).toEqual([
      expect.stringContaining('auth.apiKeys[0].name: found a name that begins with key_, expected another name'),
    ]);
  });

  it('are told all at once, of environment, shape and sense, with line, found and expected', async () => {
    const file = `server:
  prot: 80
  port: 70000
  allowedOrigins: ["https://a.example/path"]
auth:
  apiKeys:
    - { name: web, key: short }
    - { name: web, key: "${KEY}", roles: [KING], allowedModels: [smrat] }
    - { name: admin, key: "${KEY}" }
providers:
  - { id: a, kind: openai-compatible }
  - { id: a, kind: openai, apiKey: x }
  - { id: b, kind: openai }
  - { id: c, kind: openai-compatible, baseUrl: "http://10.0.0.7/v1" }
  - { id: d, kind: openai-compatible, baseUrl: "ftp://u:hunter2@x" }
models:
  - id: smart
    targets: [{ provider: aa, model: x }]
    contextWindow: 100
    maxOutputTokens: 200
    prices: { input: "-1", output: "0.0000001", cachedInput: 0.1 }
  - { id: smart, targets: [] }
  - { targets: [{ provider: c }], timeouts: { totalMs: 0 } }
streams: { graceMs: 1.5 }
`;
    const problems = await problemsOf(loadText(file, { PORT: 'abc', SLUICE_SECRET: 'short', LOG_FORMAT: 'ecs' }));
    const expected = [
      'environment SLUICE_SECRET: found a text of 5 characters, expected at least 32 bytes',
      'environment PORT: found "abc", expected a whole number from 0 to 65535',
      'environment LOG_FORMAT: found "ecs", expected one of json, pretty (ecs is not supported by this version)',
      'sluice.yaml:2 server.prot: unknown key; did you mean "port"?',
      'sluice.yaml:3 server.port: found 70000, expected a whole number from 0 to 65535',
      'sluice.yaml:4 server.allowedOrigins[0]: found "https://a.example/path", expected an origin like',
      'sluice.yaml:7 auth.apiKeys[0].key: found a text of 5 characters, expected a key of 32 to 256',
      'sluice.yaml:8 auth.apiKeys[1].name: found the same name as auth.apiKeys[0].name, expected one of its own',
      'sluice.yaml:8 auth.apiKeys[1].roles[0]: found "KING", expected one of MEMBER, ADMIN, OPERATOR',
      'sluice.yaml:8 auth.apiKeys[1].allowedModels[0]: found "smrat", expected the id of a model of this file: did you mean "smart"?',
      'sluice.yaml:9 auth.apiKeys[2].name: found "admin", expected another name',
      'sluice.yaml:9 auth.apiKeys[2].key: found the same key as auth.apiKeys[1].key, expected one of its own',
      'sluice.yaml:11 providers[0].baseUrl: found nothing, expected the address of the server',
      'sluice.yaml:12 providers[1].id: found the same id as providers[0].id, expected one of its own',
      'sluice.yaml:13 providers[2].apiKey: found nothing, expected the key of the provider, e.g. "${OPENAI_API_KEY}"',
      'sluice.yaml:14 providers[3].baseUrl: found "http://10.0.0.7/v1", expected https://, or allowInsecure: true',
      'sluice.yaml:15 providers[4].baseUrl: found "ftp://u:hunter2@x"',
      'sluice.yaml:18 models[0].targets[0].provider: found "aa", expected the id of a provider of this file: did you mean "a"?',
      'sluice.yaml:20 models[0].maxOutputTokens: found 200, expected at most contextWindow (100)',
      'sluice.yaml:21 models[0].prices.input: found "-1", expected USD per 1M tokens',
      'sluice.yaml:21 models[0].prices.output: found "0.0000001", expected USD per 1M tokens',
      'sluice.yaml:21 models[0].prices.cachedInput: found 0.1, expected USD per 1M tokens',
      'sluice.yaml:22 models[1].id: found the same id as models[0].id',
      'sluice.yaml:22 models[1].targets: found a list of 0 items, expected one target',
      'sluice.yaml:23 models[2].id: found nothing, expected 1 to 128 printable',
      'sluice.yaml:23 models[2].targets[0].model: found nothing',
      'sluice.yaml:23 models[2].timeouts.totalMs: found 0, expected a whole number from 1 to 3600000',
      'sluice.yaml:24 streams.graceMs: found 1.5, expected a whole number from 0 to 3600000',
    ];
    for (const text of expected) {
      expect(problems.filter((problem) => problem.startsWith(text))).toHaveLength(1);
    }
    expect(problems).toHaveLength(expected.length);
  });

  it('are told beside variables that are not set, each field once', async () => {
    const file = `server: { port: "\${UNSET_PORT}", publicUrl: "https://\${UNSET_HOST}" }
auth:
  apiKeys: [{ name: web, key: "\${UNSET_KEY}", roles: [KING] }, { name: app, key: "\${UNSET_KEY}", roles: [] }]
providers:
  - { id: a, kind: nonsense }
  - { id: "\${UNSET_ID}", kind: openai, apiKey: "\${UNSET_KEY}" }
models:
  - id: m
    targets: [{ provider: maybe-unset, model: x }]
    contextWindow: "\${UNSET_WINDOW}"
    maxOutputTokens: 200
    defaultMaxOutputTokens: -5
    prices: { input: 0.1, output: "\${UNSET_PRICE}" }
modles: []
limits: []
streams: { graceMs: -1 }
`;
    const expected = [
      'sluice.yaml:1 server.port: found ${UNSET_PORT}, which is not set',
      'sluice.yaml:1 server.publicUrl: found ${UNSET_HOST}, which is not set',
      'sluice.yaml:3 auth.apiKeys[0].key: found ${UNSET_KEY}, which is not set',
      'sluice.yaml:3 auth.apiKeys[0].roles[0]: found "KING", expected one of MEMBER, ADMIN, OPERATOR',
      'sluice.yaml:3 auth.apiKeys[1].key: found ${UNSET_KEY}, which is not set',
      'sluice.yaml:3 auth.apiKeys[1].roles: found a list of 0 items, expected at least one role',
      'sluice.yaml:5 providers[0].kind: found "nonsense", expected one of openai, anthropic, gemini, openai-compatible',
      'sluice.yaml:6 providers[1].id: found ${UNSET_ID}, which is not set',
      'sluice.yaml:6 providers[1].apiKey: found ${UNSET_KEY}, which is not set',
      'sluice.yaml:10 models[0].contextWindow: found ${UNSET_WINDOW}, which is not set',
      'sluice.yaml:12 models[0].defaultMaxOutputTokens: found -5, expected a whole number from 1',
      'sluice.yaml:13 models[0].prices.input: found 0.1, expected USD per 1M tokens',
      'sluice.yaml:13 models[0].prices.output: found ${UNSET_PRICE}, which is not set',
      'sluice.yaml:14 modles: unknown key; did you mean "models"?',
      'sluice.yaml:15 limits: a limit on requests, tokens or money is not supported by this version',
      'sluice.yaml:16 streams.graceMs: found -1, expected a whole number from 0',
    ];
    const problems = await problemsOf(loadText(file));
    for (const text of expected) expect(problems).toContainEqual(expect.stringContaining(text));
    expect(problems).toHaveLength(expected.length);
    // In the order of the file.
    const lines = problems.map((problem) => Number(/:(\d+)/.exec(problem)?.[1]));
    expect(lines).toEqual(lines.toSorted((left, right) => left - right));
  });

  it.each([
    ['limits: []', 'limits'],
    ['budgets: []', 'budgets'],
    ['cluster: { expectedNodes: 2 }', 'cluster'],
    ['operationLimits: { points: {} }', 'operationLimits.points'],
    ['providers: [{ id: p, kind: openai, apiKey: x, quota: {} }]', 'providers[0].quota'],
    ['models: [{ id: m, targets: [{ provider: simulator, model: x }], cache: {} }]', 'models[0].cache'],
    ['models: [{ id: m, targets: [{ provider: simulator, model: x, weight: 1 }] }]', 'models[0].targets[0].weight'],
    [
      'models: [{ id: m, targets: [{ provider: simulator, model: x }, { provider: simulator, model: y }] }]',
      'models[0].targets',
    ],
    [
      'models: [{ id: m, targets: [{ provider: simulator, model: x }], capabilities: [TEXT, EMBEDDINGS] }]',
      'models[0].capabilities[1]',
    ],
  ])('say plainly that a capability is not supported yet: %s', async (file, field) => {
    const problems = await problemsOf(loadText(file));
    const plain = problems.filter((problem) => problem.startsWith(`sluice.yaml:1 ${field}:`));
    expect(plain).toEqual([expect.stringContaining('not supported by this version')]);
  });

  it.each([
    ['a duplicate key', 'server: {}\nserver: {}', 'sluice.yaml:2: not valid YAML: this key is given twice'],
    ['an open bracket', 'providers: [\n  { id: x', 'not valid YAML'],
    ['a tab', 'server:\n\tport: 1', 'sluice.yaml:2: not valid YAML'],
    ['two documents', 'server: {}\n---\nserver: {}', 'more than one document'],
    ['a list at the top', '- a', 'sluice.yaml:1: found a list of one item, expected a mapping'],
    ['an alias of itself', 'server: &a\n  host: *a', 'sluice.yaml:'],
    ['a key that is no name', '? [a, b]\n: c', 'a key is a plain name'],
    ['a key named __proto__', '__proto__: { port: 1 }', 'sluice.yaml:1 __proto__: unknown key'],
  ])('name the line of %s', async (_what, file, expected) => {
    expect((await problemsOf(loadText(file))).join('\n')).toContain(expected);
  });

  it('stay bounded for a file whose anchors unfold without end', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      const above = `*${'abcdefghi'[level - 1]}`;
      bomb.push(`${'abcdefghi'[level]}: &${'abcdefghi'[level]} [${Array(10).fill(above).join(', ')}]`);
    }
    expect(await problemsOf(loadText(bomb.join('\n')))).toEqual([expect.stringContaining('too many values')]);
  });

  it('never show a secret, whether it is well placed or not', async () => {
    const secret = 'sk-live-0123456789';
    const file = `providers: [{ id: p, kind: ${secret}, apiKey: "${secret} with blank", baseUrl: "https://u:${secret}@h/" }]
auth: { apiKeys: [{ name: "${secret}!", key: ${secret} }] }
models: [{ id: m, contextWindow: "\${S}", targets: "${secret}" }]
"${'x'.repeat(5)}": ["open`;
    const asSyntax = await problemsOf(loadText(file, { S: secret }));
    const asShape = await problemsOf(
      loadText(file.split('\n').slice(0, 3).join('\n'), { S: secret, PORT: secret, LOG_LEVEL: secret }),
    );
    expect(asShape.length).toBeGreaterThan(6);
    expect([...asSyntax, ...asShape].join('\n')).not.toContain(secret);
  });

  it('tell that the file is missing, a folder or no text', async () => {
    expect(await problemsOf(load({ SLUICE_CONFIG: 'none.yaml' }))).toEqual([
      'none.yaml: there is no such file (named by SLUICE_CONFIG)',
    ]);
    expect(await problemsOf(load({ SLUICE_CONFIG: '.' }))).toEqual([expect.stringContaining('this is a folder')]);
    await writeFile(join(folder, 'binary.yaml'), Buffer.from([0xc3, 0x28]));
    expect(await problemsOf(load({ SLUICE_CONFIG: 'binary.yaml' }))).toEqual([
      'binary.yaml: this file is not UTF-8 text (named by SLUICE_CONFIG)',
    ]);
  });

  it('tell providers without models', async () => {
    expect(await problemsOf(loadText('providers: [{ id: p, kind: openai, apiKey: x }]'))).toEqual([
      'sluice.yaml:1 models: found nothing, expected at least one model that uses the providers',
    ]);
  });

  it('tell an admin key that is somebody else’s too', async () => {
    const loading = loadText(`auth: { apiKeys: [{ name: web, key: ${KEY} }] }`, { SLUICE_ADMIN_KEY: KEY });
    expect(await problemsOf(loading)).toEqual([
      'environment SLUICE_ADMIN_KEY: found the key that auth.apiKeys gives to "web", expected a key of its own',
    ]);
  });
});

describe('keys', () => {
  const withKey = (fields: string): string => `auth: { apiKeys: [{ name: web, key: ${KEY}, ${fields} }] }\n${MINIMAL}`;

  it('are bound to models, origins, addresses, scopes and an end in time', async () => {
    const text = withKey(
      'scopes: [generate, content:read], allowedOrigins: ["https://a.example"], allowedCidrs: [10.0.0.0/8, "::1"], endUsers: true, expiresAt: "2999-01-31T01:00:00+01:00"',
    );
    const { auth } = await loadText(text);
    expect(auth.apiKeys[0]).toMatchObject({
      scopes: ['generate', 'content:read'],
      allowedOrigins: ['https://a.example'],
      allowedCidrs: ['10.0.0.0/8', '::1'],
      mayActForEndUsers: true,
      expiresAtMs: Date.UTC(2999, 0, 31),
    });
  });

  it('that say nothing of it are bound to nothing, and good for all but content', async () => {
    const { auth } = await loadText(withKey('roles: [ADMIN]'));
    expect(auth.apiKeys[0]).toMatchObject({
      scopes: ['generate', 'usage:read', 'admin'],
      allowedOrigins: undefined,
      allowedCidrs: undefined,
      mayActForEndUsers: false,
      expiresAtMs: undefined,
    });
  });

  it.each([
    ['expiresAt: 2027-01-31', 'expiresAt: found "2027-01-31", expected a moment with its time zone'],
    ['expiresAt: "2027-01-31T00:00:00"', 'expected a moment with its time zone'],
    ['expiresAt: "2027-02-30T00:00:00Z"', 'expected a moment with its time zone'],
    [
      'allowedOrigins: ["https://a.example/"]',
      'allowedOrigins[0]: found "https://a.example/", expected an origin like',
    ],
    ['allowedOrigins: ["*"]', 'allowedOrigins[0]: found "*", expected an origin like'],
    ['allowedOrigins: []', 'at least one origin, or no allowedOrigins at all'],
    ['allowedCidrs: [10.0.0.0/33]', 'allowedCidrs[0]: found "10.0.0.0/33", expected an IP address or a range'],
    ['allowedCidrs: []', 'at least one address, or no allowedCidrs at all'],
    ['scopes: [root]', 'scopes[0]: found "root", expected one of generate, usage:read, admin, content:read'],
    ['scopes: []', 'at least one scope, or no scopes at all'],
    ['endUsers: maybe', 'endUsers: found "maybe", expected true or false'],
  ])('with %s are refused', async (fields, problem) => {
    expect(await problemsOf(loadText(withKey(fields)))).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['slk_0123456789abcdef0123456789abcdef', 'a key that begins with slk_'],
    ['0123456789abcdef.0123456789abcdef.0123456789abcdef', 'which is how tokens look'],
  ])('of a form that is looked up elsewhere are refused: %s', async (key, problem) => {
    const loading = loadText(`auth: { apiKeys: [{ name: web, key: ${key} }] }\n${MINIMAL}`);
    const [ofFile] = await problemsOf(loading);
    const [ofEnvironment] = await problemsOf(loadText(MINIMAL, { SLUICE_ADMIN_KEY: key }));
    expect(ofFile).toContain(`auth.apiKeys[0].key: found`);
    expect(ofEnvironment).toContain('environment SLUICE_ADMIN_KEY: found');
    for (const text of [ofFile, ofEnvironment]) {
      expect(text).toContain(problem);
      expect(text).not.toContain(key);
    }
  });

  it('that have expired, or that no browser will get to, are warned of', async () => {
    const origins = `server: { allowedOrigins: ["https://a.example"], publicUrl: "https://ai.example/x" }\n`;
    const of = async (fields: string) => (await loadText(`${origins}${withKey(fields)}`)).warnings;
    expect(await of('expiresAt: "2020-01-01T00:00:00Z"')).toEqual([expect.stringContaining('"web" has expired')]);
    expect(await of('allowedOrigins: ["https://a.example", "https://ai.example"]')).toEqual([]);
    expect(await of('allowedOrigins: ["https://b.example"]')).toEqual([expect.stringContaining('https://b.example')]);
  });
});

describe('http:// addresses', () => {
  it.each([
    ['http://localhost:1', true],
    ['http://127.9.9.9', true],
    ['http://[::1]:1/v1', true],
    ['http://models.localhost', true],
    ['https://10.0.0.1', true],
    ['http://10.0.0.1', false],
    ['http://localhost.example.com', false],
    ['http://127.0.0.1.example.com', false],
  ])('%s needs no permission: %s', async (baseUrl, free) => {
    const file = MINIMAL.replace('http://127.0.0.1:1/v1/', baseUrl);
    const loads = await loadText(file).then(
      () => true,
      () => false,
    );
    expect(loads).toBe(free);
    await loadText(file.replace('id: p,', 'id: p, allowInsecure: true,'));
  });
});

describe('production', () => {
  const production = { NODE_ENV: 'production' };

  it('starts neither without TLS, nor on memory, nor on the simulator unasked, and says all at once', async () => {
    expect(await problemsOf(load(production))).toEqual([
      expect.stringMatching(/^environment HOST: found "0.0.0.0", expected 127.0.0.1, or .* server\.tls or .* https/),
      expect.stringMatching(/^environment SLUICE_ALLOW_EMBEDDED: found nothing, expected 1 .* in memory/),
      expect.stringMatching(/^environment SLUICE_ALLOW_SIMULATOR: found nothing, expected 1 .* simulator/),
    ]);
    await load({ ...production, HOST: 'localhost', SLUICE_ALLOW_EMBEDDED: '1', SLUICE_ALLOW_SIMULATOR: 'true' });
    expect(await problemsOf(loadText(MINIMAL, production))).toHaveLength(2);
  });

  it('listens to all addresses, hides the schema, and warns of secrets in the file', async () => {
    const file = `${MINIMAL.replace('id: p,', 'id: p, apiKey: literal, previousApiKey: other,')}server: { trustedProxies: [10.0.0.0/8] }`;
    const config = await loadText(file, { ...production, SLUICE_ALLOW_EMBEDDED: 'yes' });
    expect(config.server).toMatchObject({ host: '0.0.0.0', introspection: false });
    expect(config.warnings).toEqual([
      expect.stringMatching(/^sluice\.yaml:2 providers\[0\]\.apiKey: a secret stands in the file itself/),
      expect.stringMatching(/^sluice\.yaml:2 providers\[0\]\.previousApiKey: a secret stands in the file itself/),
    ]);
    expect((await loadText(file)).warnings).toEqual([]);
  });

  it('speaks plain HTTP on this machine only, or behind a proxy it was told of', async () => {
    const env = { ...production, SLUICE_ALLOW_EMBEDDED: '1' };
    expect(await problemsOf(loadText(`${MINIMAL}server: { introspection: true }`, env))).toEqual([
      expect.stringMatching(/^sluice\.yaml:4 server\.tls: found nothing, expected certFile and keyFile; or, .* proxy/),
    ]);
    expect(await problemsOf(loadText(`${MINIMAL}server: { trustedProxies: [] }`, env))).toHaveLength(1);
    expect(await problemsOf(loadText(`${MINIMAL}server: { host: 192.0.2.1 }`, env))).toHaveLength(1);
    for (const server of ['host: 127.0.0.1', 'host: "::1"', 'trustedProxies: [10.0.0.7]']) {
      expect((await loadText(`${MINIMAL}server: { ${server} }`, env)).production).toBe(true);
    }
    expect(
      await problemsOf(loadText(`${MINIMAL}server: { host: 127.0.0.1 }`, { ...env, HOST: '0.0.0.0' })),
    ).toHaveLength(1);
  });
});

describe('warnings', () => {
  it('tell what is set and does nothing, and what was probably meant', async () => {
    const { warnings } = await load({ REDIS_CACHE_URL: 'redis://x', REDIS_URL: 'redis://x', SLUICE_DATA_DIRR: 'x' });
    expect(warnings).toEqual([
      expect.stringMatching(/^REDIS_CACHE_URL is set but not used: /),
      'SLUICE_DATA_DIRR is set but not known: did you mean SLUICE_DATA_DIR?',
      expect.stringMatching(/^REDIS_URL is used to tell other nodes .* still kept in the memory of each process/),
    ]);
  });

  it('tell a grace time that is shorter than the longest call', async () => {
    const { warnings } = await loadText(`shutdown: { graceMs: 1000 }\n${MINIMAL}`);
    expect(warnings).toEqual([expect.stringContaining('a stop may cut calls')]);
  });
});

describe('secrets in the configuration', () => {
  it('are masked in JSON, in strings and under inspection', async () => {
    const env = {
      SLUICE_CONFIG: EXAMPLE,
      WEB_KEY: KEY,
      OPENAI_API_KEY: 'sk-hidden',
      ANTHROPIC_API_KEY: 'sk-ant-hidden',
      SLUICE_SECRET: 's'.repeat(32),
      SLUICE_ADMIN_KEY: 'a'.repeat(32),
    };
    const config = await load(env);
    const bigintsAsText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    const printed = [
      JSON.stringify(config, bigintsAsText),
      inspect(config, { depth: 20, showHidden: true }),
      `${config.adminKey} ${config.secret}`,
      String(config.providers[0]?.apiKey),
    ].join('\n');
    for (const secret of [KEY, env.OPENAI_API_KEY, env.ANTHROPIC_API_KEY, env.SLUICE_SECRET, env.SLUICE_ADMIN_KEY])
      expect(printed).not.toContain(secret);
    expect(config.providers[0]?.apiKey?.reveal()).toBe('sk-hidden');
  });
});

it('the example knows every key that the schema knows', async () => {
  const schema = await readFile(resolve(import.meta.dirname, '../../../src/platform/config-schema.ts'), 'utf8');
  const example = await readFile(EXAMPLE, 'utf8');
  const keys = [...schema.matchAll(/^ {2,4}(\w+): (?!section|'|choice\(\['MEM)/gm)].map((match) => match[1]);
  expect(keys.length).toBeGreaterThan(40);
  expect(keys.filter((key) => !new RegExp(`\\b${key}:`).test(example))).toEqual([]);
});
