// TLS in the configuration file: what is read, what is refused, what is warned of.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '../../../src/platform/config.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { createCertificateAuthority, createSelfSignedCertificate } from '../../support/certificates.ts';

const authority = createCertificateAuthority();
const { cert, key } = authority.issue(['localhost']);
const other = authority.issue(['localhost']);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-config-tls-'));
  await mkdir(join(folder, 'etc'));
});
afterEach(() => rm(folder, { recursive: true }));

async function load(server: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  await writeFile(join(folder, 'etc', 'sluice.yaml'), `server:\n  ${server}\n`);
  return loadConfig({
    env: { SLUICE_CONFIG: 'etc/sluice.yaml', ...env },
    cwd: folder,
    isTerminal: false,
    ollamaUrl: null,
  });
}

async function problemsOf(server: string): Promise<readonly string[]> {
  const error = await load(server).catch((reason: unknown) => reason);
  if (!(error instanceof ConfigError)) throw new Error('it loaded');
  return error.message.split('\n  ').slice(1);
}

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, 'etc', name), text);
const TLS = 'tls: { certFile: ./tls.crt, keyFile: tls.key }';

describe('a certificate and its key', () => {
  it('are read from beside the configuration file, the key hidden', async () => {
    await write('tls.crt', cert + authority.cert);
    await write('tls.key', key);
    const { server, warnings } = await load(TLS);
    expect(server.tls).toMatchObject({
      certFile: join(folder, 'etc', 'tls.crt'),
      keyFile: join(folder, 'etc', 'tls.key'),
      pair: { certificate: cert + authority.cert, selfSigned: false },
    });
    expect(server.tls?.pair.key.reveal()).toBe(key);
    expect(inspect(server, { depth: 9 }) + JSON.stringify(server)).not.toContain('PRIVATE KEY');
    expect(server.tls?.pair.serves('localhost')).toBe(true);
    expect(server.tls?.pair.serves('127.0.0.1')).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('may be named by the environment', async () => {
    await write('x.crt', cert);
    await write('x.key', key);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the reference under test.
    const { server } = await load('tls: { certFile: "${DIR}/x.crt", keyFile: "${DIR}/x.key" }', {
      DIR: join(folder, 'etc'),
    });
    expect(server.tls?.certFile).toBe(join(folder, 'etc', 'x.crt'));
  });

  it('are known to be self-signed, when they are', async () => {
    const own = createSelfSignedCertificate(['localhost']);
    await write('tls.crt', own.cert);
    await write('tls.key', own.key);
    expect((await load(TLS)).server.tls?.pair.selfSigned).toBe(true);
  });

  it('are warned of near their end, and after it', async () => {
    const old = authority.issue(['localhost'], { from: new Date('2020-01-01'), to: new Date('2020-03-01') });
    await write('tls.crt', old.cert);
    await write('tls.key', old.key);
    expect((await load(TLS)).warnings).toEqual([
      expect.stringMatching(/tls\.crt: the certificate expired on 2020-03-01: clients refuse it\. Renew it\.$/),
    ]);
  });

  const certPlace = 'etc/sluice.yaml:2 server.tls.certFile: ';
  const keyPlace = 'etc/sluice.yaml:2 server.tls.keyFile: ';
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  it.each<[name: string, certificate: string, privateKey: string, problems: readonly string[]]>([
    [
      'swapped',
      key,
      cert,
      [`${certPlace}found a file without a certificate`, `${keyPlace}found a file without a private key`],
    ],
    ['of two pairs', cert, other.key, [`${keyPlace}found the key of another certificate`]],
    ['issuer first', authority.cert + cert, key, [`${keyPlace}found the key of another certificate`]],
    ['broken', cert.slice(0, 200), key, [`${certPlace}found a certificate that cannot be read`]],
    ['a broken key', cert, key.replace('M', '!'), [`${keyPlace}found a private key that cannot be read`]],
    ['a key with a passphrase', cert, encrypted, [`${keyPlace}found a key with a passphrase`]],
    ['too large', 'x'.repeat(1_100_000), key, [`${certPlace}found a file of 1100000 bytes`]],
  ])('are refused: %s', async (_name, certificate, privateKey, problems) => {
    await write('tls.crt', certificate);
    await write('tls.key', privateKey);
    const found = await problemsOf(TLS);
    expect(found).toHaveLength(problems.length);
    problems.forEach((problem, index) => {
      expect(found[index]).toContain(problem);
      expect(found[index]).toMatch(/expected a PEM file with the (certificate of the server|private key)/);
    });
    expect(found.join()).not.toContain('BEGIN');
  });

  it('are refused when they are not there, no files, or named by half, beside other problems', async () => {
    await mkdir(join(folder, 'etc', 'folder'));
    expect(await problemsOf('tls: { certFile: gone.crt, keyFile: folder }\n  port: x')).toEqual([
      expect.stringContaining(`${certPlace}found the name of a file that is not there`),
      expect.stringContaining(`${keyPlace}found the name of something that is no file`),
      expect.stringContaining('etc/sluice.yaml:3 server.port'),
    ]);
    expect(await problemsOf('tls: { certFile: gone.crt }')).toEqual([
      expect.stringContaining('server.tls.keyFile: found nothing, expected the path of a file'),
    ]);
  });
});

describe('trusted proxies', () => {
  it('are addresses and ranges', async () => {
    const { server, warnings } = await load('trustedProxies: [10.0.0.7, 10.0.0.0/8, "fd00::/8"]');
    expect(server.trustedProxies).toEqual(['10.0.0.7', '10.0.0.0/8', 'fd00::/8']);
    expect(warnings).toEqual([]);
  });

  it('are nothing else', async () => {
    expect(await problemsOf('trustedProxies: [proxy.example.com, 10.0.0.0/33, 7]')).toEqual([
      expect.stringMatching(
        /server\.trustedProxies\[0\]: found "proxy.example.com", expected an IP address or a range/,
      ),
      expect.stringMatching(/server\.trustedProxies\[1\]: found "10.0.0.0\/33"/),
      expect.stringMatching(/server\.trustedProxies\[2\]: found 7/),
    ]);
  });

  it('are warned of when they are everybody', async () => {
    expect((await load('trustedProxies: ["0.0.0.0/0"]')).warnings).toEqual([
      expect.stringMatching(/^server\.trustedProxies: 0\.0\.0\.0\/0 are all addresses: any client may claim/),
    ]);
  });
});
