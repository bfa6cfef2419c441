// The process as `npm start` runs it: nothing configured, the simulator as its child, a call that works as printed.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const main = resolve('dist/main.js');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [main], { cwd: folder, env: { PATH: process.env.PATH ?? '', ...env } });
  let output = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const look of watchers) look();
    });
  }
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  return {
    child,
    exited,
    output: () => output,
    printed: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((done, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null) return;
          watchers.delete(look);
          done(match);
        };
        watchers.add(look);
        void exited.then(() => reject(new Error(`ended before it printed ${pattern}:\n${output}`)));
        look();
      }),
  };
}

describe('the process', () => {
  it('prints an address, a key and a curl that works, and ends cleanly with its simulator', async () => {
    const server = start({ PORT: '0', LOG_FORMAT: 'pretty' });
    try {
      const [, command = ''] = await server.printed(/(curl -s [\s\S]+?}'\n)/);
      const { stdout } = await promisify(execFile)('sh', ['-c', command]);
      expect(JSON.parse(stdout).data.generate).toMatchObject({ __typename: 'GenerateSuccess' });
      expect((await stat(join(folder, '.sluice', 'admin-key'))).mode & 0o777).toBe(0o600);
      expect(command).toContain((await readFile(join(folder, '.sluice', 'admin-key'), 'utf8')).trim());
    } finally {
      server.child.kill('SIGTERM');
      // Stopping takes some seconds in which load balancers notice: a second signal ends it at once.
      setTimeout(() => server.child.kill('SIGTERM'), 1500);
      await server.exited;
    }
  });

  it('tells every problem of its configuration at once and ends', async () => {
    await writeFile(join(folder, 'sluice.yaml'), 'providers:\n  - { id: a, kind: nonsense }\nmodles: []\n');
    const server = start({ PORT: 'x', LOG_FORMAT: 'json' });
    expect(await server.exited).toBe(1);
    expect(server.output()).toMatch(/PORT/);
    expect(server.output()).toMatch(/sluice\.yaml:2/);
    expect(server.output()).toMatch(/modles/);
    expect(server.output()).not.toMatch(/^\s+at /m);
  });

  it('says what to do when its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((done) => taken.once('listening', done));
      const address = taken.address();
      const port = typeof address === 'object' ? `${address?.port}` : '';
      const server = start({ PORT: port, LOG_FORMAT: 'json' });
      expect(await server.exited).toBe(1);
      expect(server.output()).toMatch(/PORT/);
    } finally {
      taken.close();
    }
  });
});
