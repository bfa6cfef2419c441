// The programs of examples/python do what their README says, against the real gateway. Where there is no Python they are
// skipped, and the name of each test says so.

import { execFile, spawnSync } from 'node:child_process';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

const found = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 9))'], { encoding: 'utf8' });
const hasPython = found.stdout?.trim() === 'True';
const itWithPython = hasPython ? it : it.skip;
const because = hasPython ? '' : ' (skipped: there is no python3 of at least 3.9 on this machine)';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterEach(() => gateway.simulator.reset());
afterAll(() => gateway[Symbol.asyncDispose]());

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function python(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const settings = {
    PATH: process.env.PATH,
    SLUICE_URL: gateway.url,
    SLUICE_KEY: adminKey,
    SLUICE_MODEL: 'sim-instant',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONUTF8: '1',
    ...env,
  };
  return new Promise((resolve) => {
    execFile('python3', [`examples/python/${program}`, ...args], { env: settings }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** A way to the gateway that breaks the first stream in the middle of the answer. */
async function startBreakingProxy(): Promise<{ readonly url: string; readonly server: Server }> {
  let hasBroken = false;
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    let deltas = 0;
    const close = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', close).on('close', close);
    upstream.on('error', close).on('close', close);
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      client.write(chunk, () => {
        deltas += chunk.toString('latin1').split('TextDelta').length - 1;
        if (hasBroken || deltas < 3) return;
        hasBroken = true;
        close();
      });
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return { url: `http://127.0.0.1:${address.port}`, server };
}

describe('examples/python', () => {
  itWithPython(`generates, and tells the answer again for nothing under its key${because}`, async () => {
    gateway.simulator.script({ text: 'Grüße, "Welt" 😀' });
    const first = await python('generate.py', ['Say hello', 'python-1']);
    expect(first).toMatchObject({ code: 0, stdout: 'Grüße, "Welt" 😀\n' });
    expect(first.stderr).toMatch(/^answered: \d+ tokens, 0\.\d+ USD\n$/);
    const again = await python('generate.py', ['Say hello', 'python-1']);
    expect(again.stdout).toBe(first.stdout);
    expect(again.stderr).toMatch(/^told again: \d+ tokens, 0 USD\n$/);
  });

  itWithPython(`tries again what may pass, and says what will not${because}`, async () => {
    gateway.simulator.script({ status: 503, times: 1 }, { text: 'At last.' });
    const [patient, invalid, stranger] = await Promise.all([
      python('generate.py', ['Hello']),
      python('generate.py', ['Hello'], { SLUICE_MODEL: 'no-such-model' }),
      python('stream.py', ['python-2', 'Hello'], { SLUICE_KEY: 'nobody' }),
    ]);
    expect(patient).toMatchObject({ code: 0, stdout: 'At last.\n' });
    expect(gateway.simulator.bill().requests).toHaveLength(2);
    expect(invalid.code).toBe(1);
    expect(invalid.stderr).toMatch(/^InvalidInputError: No such model\..* input\.model\n$/);
    expect(stranger.code).toBe(1);
    expect(stranger.stderr).toMatch(/^UNAUTHENTICATED: /);
  });

  itWithPython(`streams an answer whole though the connection breaks on the way${because}`, async () => {
    const tokens = Array.from({ length: 40 }, (_, index) => `word${index}\u2028 `);
    gateway.simulator.script({ tokens, tokensPerSecond: 100 });
    const proxy = await startBreakingProxy();
    try {
      const told = await python('stream.py', ['python-3', 'Tell me'], { SLUICE_URL: proxy.url });
      expect(told).toMatchObject({ code: 0, stdout: tokens.join('') });
      expect(told.stderr.match(/going on\]/g)).toHaveLength(1);
      expect(told.stderr).toMatch(/\d+ tokens, 0\.\d+ USD\n$/);
      expect(gateway.simulator.bill().requests).toHaveLength(1);
    } finally {
      await new Promise((resolve) => proxy.server.close(resolve));
    }
  });

  itWithPython(`runs a batch, and tells of the item that failed${because}`, async () => {
    gateway.simulator.script({ match: 'one', text: 'first' }, { match: 'two', text: 'second' });
    const whole = await python('batch.py', ['python-4', 'one', 'two']);
    expect(whole.code).toBe(0);
    const told = whole.stdout.split('\n').map((line) => line.replace(/^\[(\d)\/2\] /, ''));
    expect(told.sort()).toEqual(['', 'one: first', 'two: second']);
    expect(whole.stderr).toMatch(/^SUCCEEDED: 2 of 2, \d+ tokens, 0\.\d+ USD\n$/);
    gateway.simulator.script({ match: 'three', status: 400 });
    const part = await python('batch.py', ['python-5', 'three', 'four']);
    expect(part.code).toBe(1);
    expect(part.stdout).toMatch(/three: GenerationFailedError: /);
    expect(part.stderr).toMatch(/^SUCCEEDED: 1 of 2/);
    const mismatch = await python('batch.py', ['python-5', 'five']);
    expect(mismatch).toMatchObject({ code: 1, stdout: '' });
    expect(mismatch.stderr).toMatch(/^KEY_PARAMETER_MISMATCH: .* input\.idempotencyKey\n$/);
  });
});
