// The process as `npm start` runs it: nothing configured, the simulator as its child, a call that works as printed.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, watch as watchFolder, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startProcess } from '../support/start-process.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-start-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const start = (env: Record<string, string>) => startProcess({ folder, env });

const ADMIN_KEY = 'k'.repeat(40);
const quiet = { PORT: '0', LOG_FORMAT: 'json', SLUICE_ADMIN_KEY: ADMIN_KEY };

async function post(url: string, query: string, accept: string): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', accept };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
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

  it('is ended by a signal that comes before it listens', async () => {
    const server = start({ PORT: '0', LOG_FORMAT: 'json' });
    // It keeps its secret before it starts the simulator, which takes a while.
    for await (const { filename } of watchFolder(folder)) if (filename === '.sluice') break;
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
  });

  it('goes on serving after SIGHUP to all of it, and goes by a file that came or went meanwhile', async () => {
    const server = start(quiet);
    try {
      const [, url = ''] = await server.printed(/"url":"([^"]+)"/);
      server.signalGroup('SIGHUP');
      await server.printed(/"changes":\[\],"ended":0,"msg":"configuration reloaded: nothing changed"/);
      const query = 'mutation { generate(input: { model: "sim-fast", prompt: "Hi" }) { __typename } }';
      const answer = await post(url, query, 'application/json');
      expect(await answer.json()).toEqual({ data: { generate: { __typename: 'GenerateSuccess' } } });
      // A file with providers takes the place of the simulator, and gives it back.
      const models = async (): Promise<unknown> => (await post(url, '{ models { name } }', 'application/json')).json();
      const reloaded = (): Promise<string> => {
        const line = server.nextLine(/configuration reloaded/);
        server.signalGroup('SIGHUP');
        return line;
      };
      const file = join(folder, 'sluice.yaml');
      await writeFile(
        file,
        'providers: [{ id: p, kind: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }]\n' +
          'models: [{ id: sim-fast, targets: [{ provider: p, model: x }] }]\n',
      );
      await reloaded();
      expect(await models()).toEqual({ data: { models: [{ name: 'sim-fast' }] } });
      await rm(file);
      await reloaded();
      expect(await models()).toEqual({ data: { models: [{ name: 'sim-fast' }, { name: 'sim-smart' }] } });
    } finally {
      server.child.kill('SIGKILL');
      await server.exited;
    }
  });

  it('finishes its streams after Ctrl-C, even if that arrives twice, and ends cleanly', async () => {
    const server = start(quiet);
    try {
      const [, url = ''] = await server.printed(/"url":"([^"]+)"/);
      const query =
        'subscription { generateStream(input: { idempotencyKey: "int", request: { model: "sim-smart", prompt: "Tell me" } }) { __typename } }';
      const answer = await post(url, query, 'text/event-stream');
      let stream = '';
      for await (const text of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const hadBegun = stream.includes('"TextDelta"');
        stream += text;
        if (hadBegun || !stream.includes('"TextDelta"')) continue;
        expect(stream).not.toContain('GenerationCompleted');
        server.signalGroup('SIGINT');
        // A parent passes it on. Another signal, because the same one could merge with the first.
        server.child.kill('SIGTERM');
      }
      expect(stream).toMatch(/"TextDelta"[\s\S]*"GenerationCompleted"/);
      expect(await server.exited).toBe(0);
      expect(server.output()).toMatch(/"signal":"SIG(INT|TERM)"/);
      expect(server.output()).not.toContain('the simulator has ended');
    } finally {
      server.child.kill('SIGKILL');
      await server.exited;
    }
  }, 60_000);

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
