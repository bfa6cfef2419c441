// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references under test.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkAiSdkPackage, loadAiSdkPackage } from '../../../src/platform/ai-sdk-package.ts';
import type { Config } from '../../../src/platform/config.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { createSecret } from '../../../src/platform/secret.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function loadWith(provider: string, env: NodeJS.ProcessEnv = {}, more = ''): Promise<Config> {
  const yaml = `providers:\n  - { id: p, kind: ai-sdk, ${provider} }\nmodels:\n  - { id: m, targets: [{ provider: p, model: some-model }] }\n${more}`;
  await writeFile(join(folder, 'sluice.yaml'), yaml);
  return loadConfig({ env, cwd: folder, isTerminal: false, ollamaUrl: null });
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

const COMPATIBLE = 'package: "@ai-sdk/openai-compatible"';

describe('a provider of kind ai-sdk', () => {
  it('loads its package with its settings, which nothing shows', async () => {
    const provider =
      'package: "@ai-sdk/amazon-bedrock", settings: { region: "${R}", secretAccessKey: "${S}", headers: { x-org: hunter2-literal } }';
    const config = await loadWith(provider, { R: 'eu-central-1', S: 'hunter2-secret' });
    const [loaded] = config.providers;
    expect(loaded).toMatchObject({
      id: 'p',
      kind: 'ai-sdk',
      baseUrl: '',
      allowInsecure: false,
      aiSdk: { name: '@ai-sdk/amazon-bedrock' },
    });
    const model = loaded?.aiSdk?.create(fetch).languageModel('amazon.nova-lite-v1:0');
    expect(model).toMatchObject({ specificationVersion: 'v4', modelId: 'amazon.nova-lite-v1:0' });
    const printed = `${JSON.stringify(config.providers)}${inspect(config, { depth: 20, showHidden: true })}`;
    expect(printed).not.toMatch(/hunter2|eu-central/);
  });

  it('may have the settings of before beside those that take their place', async () => {
    const settings = 'settings: { region: eu-central-1, apiKey: "${A}" }, previousSettings: { apiKey: "${B}" }';
    const load = (env: NodeJS.ProcessEnv) => loadWith(`package: "@ai-sdk/amazon-bedrock", ${settings}`, env);
    const config = await load({ A: 'hunter2-new', B: 'hunter2-old' });
    const { aiSdk } = config.providers[0] ?? {};
    expect(aiSdk?.previous?.create(fetch).languageModel('m')).toMatchObject({ specificationVersion: 'v4' });
    expect(inspect(config, { depth: 20, showHidden: true })).not.toContain('hunter2');
    const other = await load({ A: 'hunter2-new', B: 'hunter2-other' });
    expect(other.providers[0]?.aiSdk?.fingerprint).not.toBe(aiSdk?.fingerprint);
    expect((await load({ A: 'hunter2-new', B: 'hunter2-old' })).providers[0]?.aiSdk?.fingerprint).toBe(
      aiSdk?.fingerprint,
    );
    const problems = await problemsOf(
      loadWith(
        'package: "@ai-sdk/openai-compatible", settings: { name: x, baseURL: "https://a.test" }, previousSettings: { baseURL: "http://b.test", fetch: 1 }, previousApiKey: k',
      ),
    );
    expect(problems).toEqual([
      expect.stringContaining('providers[0].previousApiKey: found a text of one character'),
      expect.stringContaining('providers[0].previousSettings.fetch: found a setting, expected none'),
      expect.stringContaining('providers[0].previousSettings.baseURL'),
    ]);
  });

  it('may name the factory', async () => {
    const config = await loadWith(
      `${COMPATIBLE}, factory: createOpenAICompatible, settings: { name: x, baseURL: "https://a.test/v1" }`,
    );
    expect(config.providers[0]?.aiSdk?.name).toBe('@ai-sdk/openai-compatible');
  });

  it.each<[string, string, RegExp]>([
    ['no package', 'settings: {}', /^sluice\.yaml:2 providers\[0\]\.package: found nothing, expected the npm package/],
    [
      'a package that is not installed',
      'package: "@ai-sdk/not-installed"',
      /^sluice\.yaml:2 providers\[0\]\.package: found "@ai-sdk\/not-installed", which is not installed, expected a package that is installed: npm install --save-exact @ai-sdk\/not-installed$/,
    ],
    [
      'a path',
      'package: "../evil.mjs"',
      /^sluice\.yaml:2 providers\[0\]\.package: found "\.\.\/evil\.mjs", expected the name of an npm package, without a path$/,
    ],
    [
      'a path into a package',
      'package: "@ai-sdk/amazon-bedrock/anthropic"',
      /expected the name of an npm package, without a path$/,
    ],
    ['an address', 'package: "https://evil.test/x.js"', /expected the name of an npm package, without a path$/],
    ['data to run', 'package: "data:text/javascript,process.exit()"', /expected the name of an npm package/],
    [
      'a package of another kind',
      'package: undici',
      /^sluice\.yaml:2 providers\[0\]\.package: found a package whose language models are of no known specification|exports no function createXxx/,
    ],
    [
      'a factory it does not export',
      `${COMPATIBLE}, factory: createSomething`,
      /^sluice\.yaml:2 providers\[0\]\.factory: found "createSomething", which @ai-sdk\/openai-compatible does not export, expected a function of @ai-sdk\/openai-compatible: createOpenAICompatible$/,
    ],
    [
      'a factory that is no name',
      `${COMPATIBLE}, factory: "a.b"`,
      /^sluice\.yaml:2 providers\[0\]\.factory: found "a\.b", expected the name of a function that the package exports$/,
    ],
    [
      'settings that are no mapping',
      `${COMPATIBLE}, settings: [hunter2]`,
      /^sluice\.yaml:2 providers\[0\]\.settings: found a list of one item, expected a mapping/,
    ],
    [
      'settings in a variable',
      `${COMPATIBLE}, settings: "\${S:-hunter2}"`,
      /^sluice\.yaml:2 providers\[0\]\.settings: found the value of \$\{S\} \(a text of 7 characters\), expected a mapping/,
    ],
    [
      'a fetch of its own',
      `${COMPATIBLE}, settings: { name: x, baseURL: "https://a.test", fetch: x }`,
      /^sluice\.yaml:2 providers\[0\]\.settings\.fetch: found a setting, expected none/,
    ],
    [
      'an address beside the settings',
      `${COMPATIBLE}, baseUrl: "https://a.test", settings: { name: x, baseURL: "https://a.test" }`,
      /^sluice\.yaml:2 providers\[0\]\.baseUrl: found "https:\/\/a\.test\/", expected settings: \{ baseURL: \.\.\. \}/,
    ],
    [
      'a key beside the settings',
      `${COMPATIBLE}, apiKey: hunter2, settings: { name: x, baseURL: "https://a.test" }`,
      /^sluice\.yaml:2 providers\[0\]\.apiKey: found a text of 7 characters, expected settings: \{ apiKey: \.\.\. \}/,
    ],
    [
      'an address that is not encrypted',
      `${COMPATIBLE}, settings: { name: x, baseURL: "http://10.0.0.7/v1?key=hunter2" }`,
      /^sluice\.yaml:2 providers\[0\]\.settings\.baseURL: found a text of \d+ characters, expected https:\/\/, or allowInsecure: true/,
    ],
    [
      'one deep in the settings',
      `${COMPATIBLE}, settings: { name: x, baseURL: "https://a.test", more: [{ url: "http://u.test" }] }`,
      /^sluice\.yaml:2 providers\[0\]\.settings\.more\[0\]\.url: .* expected https:\/\//,
    ],
  ])('with %s is a problem of the configuration', async (_what, provider, expected) => {
    const problems = await problemsOf(loadWith(provider));
    expect(problems).toEqual([expect.stringMatching(expected)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each([
    ['http://10.0.0.7/v1', 'allowInsecure: true'],
    ['http://127.0.0.1:8080/v1', 'allowInsecure: false'],
    ['https://10.0.0.7/v1', 'allowInsecure: false'],
  ])('may have the address %s with %s', async (baseURL, permission) => {
    const config = await loadWith(`${COMPATIBLE}, ${permission}, settings: { name: x, baseURL: "${baseURL}" }`);
    expect(config.providers[0]?.allowInsecure).toBe(permission.endsWith('true'));
  });

  it('has its problems told with all the others', async () => {
    const problems = await problemsOf(
      loadWith(
        'package: "@ai-sdk/not-installed", caFile: none.pem, settings: { apiKey: "${UNSET}" }',
        {},
        'streams: { graceMs: -1 }',
      ),
    );
    expect(problems).toHaveLength(4);
    for (const part of ['.package: found', '.caFile: found', 'UNSET', 'streams.graceMs'])
      expect(problems.join('\n')).toContain(part);
  });

  it.each(['package: x', 'factory: createX', 'settings: { a: 1 }'])('of another kind has no %s', async (field) => {
    await writeFile(
      join(folder, 'sluice.yaml'),
      `providers: [{ id: p, kind: openai, apiKey: k, ${field} }]\nmodels: [{ id: m, targets: [{ provider: p, model: x }] }]`,
    );
    const loading = loadConfig({ env: {}, cwd: folder, isTerminal: false, ollamaUrl: null });
    expect(await problemsOf(loading)).toEqual([
      expect.stringMatching(/expected kind: ai-sdk to go with it \(openai has no package\)$/),
    ]);
  });

  it('warns in production of secrets that stand in the file itself', async () => {
    const env = { NODE_ENV: 'production', SLUICE_ALLOW_EMBEDDED: '1', K: 'k' };
    const settings =
      'settings: { name: x, baseURL: "https://a.test", apiKey: literal, queryParams: { api_key: also }, headers: { authorization: "${K}" } }';
    const { warnings } = await loadWith(`${COMPATIBLE}, ${settings}`, env, 'server: { host: 127.0.0.1 }');
    const places = warnings.filter((warning) => warning.includes('a secret stands in the file'));
    expect(places).toEqual([
      expect.stringMatching(/^sluice\.yaml:2 providers\[0\]\.settings\.apiKey: /),
      expect.stringMatching(/^sluice\.yaml:2 providers\[0\]\.settings\.queryParams\.api_key: /),
    ]);
  });
});

describe('a package', () => {
  let number = 0;
  /** One that is installed beside the tests, made up of this code. */
  async function install(code: string): Promise<string> {
    const file = join(folder, `package-${number++}`, 'index.mjs');
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, code);
    return file;
  }
  const load = async (code: string, factory?: string, models = ['m']) => {
    const loaded = await loadAiSdkPackage({ name: await install(code), factory, settings: createSecret('{"a":1}') });
    return 'field' in loaded ? loaded : (checkAiSdkPackage(loaded, models) ?? loaded);
  };
  const provider = (version: string): string =>
    `(settings) => ({ languageModel: (modelId) => ({ modelId, settings, specificationVersion: '${version}' }) })`;

  it.each(['v3', 'v4'])('of specification %s is taken', async (version) => {
    const loaded = await load(`export const createOne = ${provider(version)};`);
    if ('field' in loaded) throw new Error(loaded.found);
    expect(loaded.create(fetch).languageModel('x')).toMatchObject({
      modelId: 'x',
      settings: { a: 1, fetch: expect.any(Function) },
    });
  });

  it('whose provider is a function only is called', async () => {
    const loaded = await load(`export const createOne = () => (modelId) => ({ modelId, specificationVersion: 'v3' });`);
    expect('field' in loaded).toBe(false);
  });

  it('of an older specification says which, and what to install', async () => {
    expect(await load(`export const createOne = ${provider('v2')};`)).toMatchObject({
      field: 'package',
      found: 'a package whose language models are of specification v2',
      expected: expect.stringMatching(
        /^specification v3 or v4: install a version that has it \(npm install --save-exact .*@latest\)$/,
      ),
    });
  });

  it.each([
    ['no models', 'export const createOne = () => undefined;'],
    ['no such model', `export const createOne = () => ({ languageModel: () => { throw new Error('hunter2'); } });`],
  ])('that gives %s is refused', async (_what, code) => {
    expect(await load(code)).toMatchObject({
      field: 'package',
      found: expect.stringContaining('no known specification'),
    });
  });

  it('with several factories has to be told which', async () => {
    const code = `export const createOne = ${provider('v4')}; export const createTwo = ${provider('v4')};`;
    expect(await load(code)).toMatchObject({
      field: 'factory',
      expected: expect.stringContaining('createOne, createTwo'),
    });
    expect('field' in (await load(code, 'createTwo'))).toBe(false);
  });

  it('that refuses its settings is told by what it lacks, and by nothing it was given', async () => {
    const failing = (name: string): string =>
      `export const createOne = () => { throw Object.assign(new Error('The region is missing.'), { name: '${name}' }); };`;
    expect(await load(failing('AI_LoadSettingError'))).toMatchObject({
      field: 'settings',
      found: expect.stringContaining('(The region is missing.)'),
    });
    expect(JSON.stringify(await load(failing('Error')))).not.toContain('region');
  });

  it('that cannot be loaded is told apart from one that is not there', async () => {
    expect(await load('this is no code')).toMatchObject({
      field: 'package',
      found: expect.stringContaining('which cannot be loaded'),
    });
    expect(await load(`import 'no-such-dependency'; export const createOne = 1;`)).toMatchObject({
      field: 'package',
      found: expect.stringContaining('which cannot be loaded'),
    });
  });
});
