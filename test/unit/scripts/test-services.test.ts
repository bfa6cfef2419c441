import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeMissing, findPrograms, missingPackages } from '../../../scripts/services/programs.mjs';

const everything = { redis: true, postgres: true };

describe('the programs of the services for tests', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-programs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const put = (...path: string[]): string => {
    const place = join(folder, ...path.slice(0, -1));
    mkdirSync(place, { recursive: true });
    writeFileSync(join(folder, ...path), '');
    return place;
  };

  it('are found on the PATH, and of several versions of Postgres beside it the newest', () => {
    for (const version of ['9', '15', '16']) {
      put('versions', version, 'bin', 'initdb');
      put('versions', version, 'bin', 'postgres');
    }
    put('versions', '17', 'bin', 'psql');
    const path = [join(folder, 'nothing-here'), put('bin', 'redis-server')].join(delimiter);
    const found = findPrograms({ path, homes: [join(folder, 'versions'), join(folder, 'none')] });
    expect(found).toEqual({
      redisServer: join(folder, 'bin', 'redis-server'),
      postgresFolder: join(folder, 'versions', '16', 'bin'),
    });
    expect(missingPackages(found, everything)).toEqual([]);
  });

  it('that are missing are named with how to install them, those of a service that is not needed excepted', () => {
    const found = findPrograms({ path: folder, homes: [] });
    expect(missingPackages(found, everything)).toEqual(['redis-server', 'postgresql']);
    expect(missingPackages(found, { redis: false, postgres: true })).toEqual(['postgresql']);
    expect(describeMissing(['redis-server', 'postgresql'])).toMatch(
      /no redis-server and no postgresql .*sudo apt-get install redis-server postgresql\n.*brew install redis postgresql\n.*SLUICE_TEST_POSTGRES_URL and SLUICE_TEST_REDIS_URL/s,
    );
  });
});

describe('the services for tests', () => {
  it('end when whoever started them is killed', async () => {
    const source = pathToFileURL(resolve('scripts/services/services.mjs')).href;
    const script = `
      const { startServices } = await import(${JSON.stringify(source)});
      console.log(JSON.stringify((await startServices()).env));
      setInterval(() => {}, 1_000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(starter.stdout, 'data');
    const urls = Object.values(JSON.parse(String(line))).map((url) => new URL(String(url)));
    expect(urls.map(({ protocol }) => protocol).sort()).toEqual(['postgresql:', 'redis:']);
    const ports = urls.map(({ port }) => Number(port));
    expect(await Promise.all(ports.map(answers))).toEqual([true, true]);
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    while ((await Promise.all(ports.map(answers))).includes(true)) await new Promise((wake) => setTimeout(wake, 20));
  });
});

function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((done) => {
    socket.once('connect', () => done(true)).once('error', () => done(false));
  }).then((isOpen) => {
    socket.destroy();
    return isOpen === true;
  });
}
