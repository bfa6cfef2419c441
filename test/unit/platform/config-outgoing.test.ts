// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references under test.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { createCertificateAuthority } from '../../support/certificates.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

const load = (env: NodeJS.ProcessEnv = {}): Promise<Config> =>
  loadConfig({ env, cwd: folder, isTerminal: false, ollamaUrl: null });

async function messageOf(loading: Promise<Config>): Promise<string> {
  const error = await loading.then(
    () => new Error('loaded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.message;
}

describe('the key of a provider that takes the place of another', () => {
  const loadWith = async (keys: string, env: NodeJS.ProcessEnv = {}): Promise<Config> => {
    const provider = `{ id: p, kind: openai-compatible, baseUrl: "http://127.0.0.1:1", ${keys} }`;
    const yaml = `providers: [${provider}]\nmodels: [{ id: m, targets: [{ provider: p, model: x }] }]\n`;
    await writeFile(join(folder, 'sluice.yaml'), yaml);
    return load(env);
  };
  const both = 'apiKey: "${A}", previousApiKey: "${B:-}"';

  it('stands beside it, and neither is shown', async () => {
    const config = await loadWith(both, { A: 'hunter2-new', B: 'hunter2-old' });
    const [provider] = config.providers;
    expect([provider?.apiKey?.reveal(), provider?.previousApiKey?.reveal()]).toEqual(['hunter2-new', 'hunter2-old']);
    expect(inspect(config, { depth: 20, showHidden: true })).not.toContain('hunter2');
  });

  it('is alone where the variable of the other is empty', async () => {
    for (const env of [{ A: 'a' }, { A: 'a', B: '' }]) {
      expect((await loadWith(both, env)).providers[0]?.previousApiKey).toBeUndefined();
    }
  });

  it.each([
    ['previousApiKey: hunter2', 'a key alone', 'apiKey beside it'],
    ['apiKey: hunter2, previousApiKey: hunter2', 'the same key as apiKey', 'the key that apiKey takes the place of'],
    ['apiKey: hunter2, previousApiKey: "a b"', 'a text of 3 characters', 'a key of printable ASCII characters'],
    ['apiKey: hunter2, previousSettings: {}', 'a mapping', 'kind: ai-sdk'],
  ])('is refused: %s', async (keys, found, expected) => {
    const message = await messageOf(loadWith(keys));
    expect(message).toMatch(new RegExp(`previous\\w+: found ${found}, expected ${expected}`));
    expect(message).not.toContain('hunter2');
  });
});

describe('proxies in the environment', () => {
  it('are none by default', async () => {
    expect((await load()).proxies).toEqual({ https: undefined, http: undefined, except: [] });
  });

  it('are read with their exceptions, in lower case first, with or without a scheme', async () => {
    const { proxies } = await load({
      HTTPS_PROXY: 'http://upper.test:1',
      https_proxy: 'https://lower.test:3129/',
      HTTP_PROXY: 'proxy.test:3128',
      http_proxy: '',
      NO_PROXY: 'a.test, 10.0.0.0/8\tb.test:80',
    });
    expect(proxies).toEqual({
      https: { url: 'https://lower.test:3129', authorization: undefined },
      http: { url: 'http://proxy.test:3128', authorization: undefined },
      except: ['a.test', '10.0.0.0/8', 'b.test:80'],
    });
  });

  it('keep a user name and password to themselves', async () => {
    const { proxies } = await load({ HTTPS_PROXY: 'http://us%40r:p%3Ass%25@proxy.test:3128' });
    expect(proxies.https?.authorization?.reveal()).toBe(`Basic ${Buffer.from('us@r:p:ss%').toString('base64')}`);
    expect(`${JSON.stringify(proxies)}${inspect(proxies, { depth: 9, showHidden: true })}`).not.toMatch(
      /us@r|us%40r|dXN/,
    );
  });

  it.each([
    ['another scheme', 'socks5://user:hunter2@proxy.test:1080'],
    ['no host', 'http://'],
    ['a port that is none', 'http://user:hunter2@proxy.test:99999'],
    ['a path', 'http://user:hunter2@proxy.test:1/path'],
    ['a broken escape', 'http://user:hunter2%@proxy.test:1'],
    ['blanks', 'user:hunter2@proxy test'],
  ])('with %s are an error that shows no password', async (_what, value) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY']) {
      const message = await messageOf(load({ [name]: value }));
      expect(message).toContain(
        `environment ${name}: found a text of ${value.length} characters, expected the address`,
      );
      expect(message).not.toMatch(/hunter2|user:h/);
    }
  });

  it('warn of exceptions that mean nothing, and of a variable that is not used', async () => {
    const { warnings } = await load({ no_proxy: '192.168.*,a.test', ALL_PROXY: 'socks5://user:hunter2@proxy.test:1' });
    expect(warnings).toEqual([
      'ALL_PROXY is set but not used: set HTTPS_PROXY, and HTTP_PROXY for http:// addresses.',
      'no_proxy: "192.168.*" is no host name, address or range of addresses, and excepts nothing.',
    ]);
  });
});

describe('caFile', () => {
  const fileWith = (caFile: string): string => `
providers:
  - { id: a, kind: openai-compatible, baseUrl: "https://a.test" }
  - { id: b, kind: openai-compatible, baseUrl: "https://b.test", caFile: ${caFile} }
models: [{ id: m, targets: [{ provider: b, model: x }] }]
`;

  it('is read at load, from the folder of the configuration file; what is no certificate in it stays there', async () => {
    const [first, second] = [createCertificateAuthority().cert, createCertificateAuthority().cert];
    const { key } = createCertificateAuthority().issue(['x']);
    await mkdir(join(folder, 'etc/tls'), { recursive: true });
    await writeFile(join(folder, 'etc/tls/ca.pem'), `Our own:\n${first}\n${key}\n${second}`);
    await writeFile(join(folder, 'etc/conf.yaml'), fileWith('"${CA:-tls/ca.pem}"'));
    const { providers } = await load({ SLUICE_CONFIG: 'etc/conf.yaml' });
    expect(providers[0]?.certificateAuthorities).toBeUndefined();
    expect(providers[1]?.certificateAuthorities?.replaceAll(/\s/g, '')).toBe((first + second).replaceAll(/\s/g, ''));
    const absolute = await load({ SLUICE_CONFIG: 'etc/conf.yaml', CA: join(folder, 'etc/tls/ca.pem') });
    expect(absolute.providers[1]?.certificateAuthorities).toBe(providers[1]?.certificateAuthorities);
  });

  it.each([
    ['none.pem', 'found the name of a file that is not there, expected a PEM file'],
    ['.', 'found the name of a folder, expected a PEM file'],
    ['key.pem', 'found a file without a certificate, expected a PEM file'],
    ['half.pem', 'found a file whose certificate 2 cannot be read, expected a PEM file'],
    ['[x]', 'found a list of one item, expected the path of a PEM file'],
    ['"${UNSET}"', 'found ${UNSET}, which is not set'],
  ])('%s is told with the other problems: %s', async (caFile, expected) => {
    const { cert } = createCertificateAuthority();
    const { key } = createCertificateAuthority().issue(['x']);
    await writeFile(join(folder, 'key.pem'), key);
    await writeFile(join(folder, 'half.pem'), cert + cert.replace(/\n.*\n/, '\nAAAA\n'));
    await writeFile(join(folder, 'sluice.yaml'), `${fileWith(caFile)}streams: { graceMs: -1 }`);
    const message = await messageOf(load());
    expect(message).toContain(`sluice.yaml:4 providers[1].caFile: ${expected}`);
    expect(message).toContain('sluice.yaml:6 streams.graceMs');
    expect(message.split('\n')).toHaveLength(3);
  });
});
