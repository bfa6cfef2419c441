import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../../../src/simulator/main.ts', import.meta.url));

interface Listening {
  readonly type: string;
  readonly port: number;
  readonly url: string;
}

async function forkSimulator(...args: string[]): Promise<{ child: ChildProcess; listening: Listening }> {
  const child = fork(MAIN, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [listening] = (await once(child, 'message')) as [Listening];
  return { child, listening };
}

describe('the simulator as a process', () => {
  it('tells its port, answers, and ends when told to', async () => {
    const { child, listening } = await forkSimulator('--api-key', 'right', '--seed', '3');
    expect(listening).toEqual({ type: 'listening', port: listening.port, url: `http://127.0.0.1:${listening.port}` });
    expect((await fetch(`${listening.url}/v1/models`)).status).toBe(401);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends when its parent lets go of it', async () => {
    const { child } = await forkSimulator();
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('ends when its parent is killed', async () => {
    const program = `
      const child = require('node:child_process').fork(process.argv[1], [], { execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      child.once('message', (message) => console.log(message.port));`;
    const parent = spawn(process.execPath, ['-e', program, MAIN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const socket = createConnection(Number(String(output)), '127.0.0.1');
    await once(socket, 'connect');
    // It may be closed or reset: either way it is gone.
    const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
    parent.kill('SIGKILL');
    socket.resume();
    await closed;
  });

  it('refuses options that make no sense', async () => {
    const child = spawn(process.execPath, [MAIN, '--port', 'many'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [message] = (await once(child.stderr, 'data')) as [Buffer];
    expect(String(message)).toContain('--port must be a whole number');
    expect(await once(child, 'exit')).toEqual([2, null]);
  });
});
