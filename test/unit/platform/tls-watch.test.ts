// A certificate replaced under a running server, in the ways that people and tools do it.

import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  checkTlsPair,
  readTlsFiles,
  type TlsFiles,
  type TlsPair,
  validityWarning,
} from '../../../src/platform/tls-pair.ts';
import { type TlsWatch, watchTlsPair } from '../../../src/platform/tls-watch.ts';
import { createCertificateAuthority, type KeyAndCertificate } from '../../support/certificates.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

const DAY_MS = 86_400_000;
const authority = createCertificateAuthority();
const issue = (days = 90): KeyAndCertificate =>
  authority.issue(['localhost'], { to: new Date(Date.now() + days * DAY_MS) });

let folder: string;
let files: TlsFiles;
let watch: TlsWatch | undefined;
let log: string[];
let clock: ManualClock;
let waiting: { readonly isThere: () => boolean; readonly resolve: () => void }[];
let inUse: string[];
let looks: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'));
  files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  clock = createManualClock(Date.now());
  [log, inUse, waiting, looks] = [[], [], [], 0];
});
afterEach(async () => {
  watch?.close();
  await rm(folder, { recursive: true });
});

const lookAtWaiting = (): void => {
  for (const { isThere, resolve } of waiting) if (isThere()) resolve();
};
const until = (isThere: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    waiting.push({ isThere, resolve });
    lookAtWaiting();
  });
const used = ({ cert }: KeyAndCertificate): Promise<void> => until(() => inUse.at(-1) === cert);

async function write({ cert, key }: KeyAndCertificate, to = folder): Promise<void> {
  await writeFile(join(to, 'tls.crt'), cert);
  await writeFile(join(to, 'tls.key'), key);
}

async function readPair(): Promise<TlsPair> {
  const reading = checkTlsPair(await readTlsFiles(files));
  if (reading.type === 'BAD') throw new Error(JSON.stringify(reading.problems));
  return reading.pair;
}

async function start(): Promise<void> {
  const say = (fields: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(fields)}`);
    lookAtWaiting();
  };
  const onChange = ({ certificate }: TlsPair): void => void inUse.push(certificate);
  const logger = { info: say, warn: say };
  // Each look asks for the time.
  const now = (): number => {
    looks++;
    lookAtWaiting();
    return clock.now();
  };
  watch = watchTlsPair({ files, pair: await readPair(), onChange, logger, clock: { ...clock, now }, intervalMs: 5 });
}

describe('a new pair is used', () => {
  it('when it is written over the old one', async () => {
    await write(issue());
    await start();
    const next = issue();
    await write(next);
    await used(next);
    await until(() => log.some((line) => /^a new certificate is in use .*"validTo":"\d{4}-/.test(line)));
  });

  it('when it is renamed into place', async () => {
    await write(issue());
    await start();
    const next = issue();
    await writeFile(join(folder, 'new.crt'), next.cert);
    await writeFile(join(folder, 'new.key'), next.key);
    await rename(join(folder, 'new.key'), files.keyFile);
    await rename(join(folder, 'new.crt'), files.certFile);
    await used(next);
  });

  it('when links are turned to it, as certbot does', async () => {
    const turn = async (pair: KeyAndCertificate, number: number): Promise<void> => {
      for (const [name, text] of [['tls.crt', pair.cert] as const, ['tls.key', pair.key] as const]) {
        await writeFile(join(folder, `${number}-${name}`), text);
        await symlink(`${number}-${name}`, join(folder, 'link'));
        await rename(join(folder, 'link'), join(folder, name));
      }
    };
    await turn(issue(), 1);
    await start();
    const next = issue();
    await turn(next, 2);
    await used(next);
  });

  it('when a link to their folder is turned, as Kubernetes does', async () => {
    const turn = async (pair: KeyAndCertificate, name: string): Promise<void> => {
      await mkdir(join(folder, name));
      await write(pair, join(folder, name));
      await symlink(name, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await turn(issue(), '..2026_01');
    await symlink('..data/tls.crt', files.certFile);
    await symlink('..data/tls.key', files.keyFile);
    await start();
    const next = issue();
    await turn(next, '..2026_02');
    await rm(join(folder, '..2026_01'), { recursive: true });
    await used(next);
  });
});

describe('the old pair stays in use, and why is told once', () => {
  const told = (): readonly string[] => log.filter((line) => line.startsWith('the new certificate cannot be used'));
  const next = issue();

  it.each<[name: string, damage: () => Promise<void>, problem: string]>([
    [
      'while the file is half written',
      () => writeFile(files.certFile, next.cert.slice(0, 300)),
      'certFile is a certificate that cannot be read',
    ],
    [
      'while only the certificate is new',
      () => writeFile(files.certFile, next.cert),
      'keyFile is the key of another certificate',
    ],
    [
      'while only the key is new',
      () => writeFile(files.keyFile, next.key),
      'keyFile is the key of another certificate',
    ],
    ['while a file is gone', () => rm(files.keyFile), 'keyFile is the name of a file that is not there'],
    ['while a file is empty', () => writeFile(files.keyFile, ''), 'keyFile is a file without a private key'],
  ])('%s', async (_name, damage, problem) => {
    await write(issue());
    await start();
    await damage();
    await until(() => told().length > 0);
    expect(told()[0]).toContain(problem);
    expect(told()[0]).not.toContain('BEGIN');
    expect(inUse).toEqual([]);
    const looksAtFirst = looks;
    await until(() => looks > looksAtFirst + 5);
    expect(told()).toHaveLength(1);
    await write(next);
    await used(next);
  });
});

describe('the end of a certificate', () => {
  it('is told once a day from three weeks before, and once it is over', async () => {
    await write(issue(30));
    await start();
    const lines = (): readonly string[] => log.filter((line) => line.includes('the certificate expire'));
    clock.advance(20.5 * DAY_MS);
    await until(() => lines().length === 1);
    expect(lines()[0]).toMatch(/tls\.crt: the certificate expires on \d{4}-\d\d-\d\d, in 9 days\. Renew it\./);
    clock.advance(DAY_MS);
    await until(() => lines().length === 2);
    clock.advance(10 * DAY_MS);
    await until(() => lines().length === 3);
    expect(lines()[2]).toMatch(/expired on .* Renew it/);
  });

  it('is told of a short life when a third of it is left', async () => {
    await write(authority.issue(['localhost'], { from: new Date(), to: new Date(Date.now() + 6 * DAY_MS) }));
    const pair = await readPair();
    const warningAfter = (days: number): string | undefined => validityWarning('c', pair, Date.now() + days * DAY_MS);
    expect(warningAfter(3.9)).toBeUndefined();
    expect(warningAfter(4.5)).toContain('in one day');
    expect(warningAfter(5.5)).toContain('within a day');
    expect(warningAfter(-1)).toContain('valid from');
  });
});
