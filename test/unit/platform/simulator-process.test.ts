import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startSimulatorProcess } from '../../../src/platform/simulator-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-child-'));
});
afterEach(() => rm(folder, { recursive: true }));

const logger = { debug: () => undefined, warn: () => undefined };
async function entry(code: string): Promise<string> {
  const file = join(folder, 'child.mjs');
  await writeFile(file, code);
  return file;
}

const LISTENS = `
import { createServer } from 'node:http';
const server = createServer((request, response) => response.end(JSON.stringify(process.env)));
server.listen(0, '127.0.0.1', () => {
  process.send({ type: 'something else' });
  process.send({ type: 'listening', port: server.address().port });
});
process.on('disconnect', () => process.exit(0));
`;

describe('the simulator process', () => {
  it('is there once started, knows nothing of the environment, and is gone once closed', async () => {
    const child = await startSimulatorProcess({ entry: pathToFileURL(await entry(LISTENS)), logger });
    expect(await (await fetch(child.url)).json()).not.toHaveProperty('PATH');
    await child.close();
    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
    await expect(fetch(child.url)).rejects.toThrow();
    await child.close();
  });

  it('is killed when it will not end', async () => {
    const stubborn = `${LISTENS}process.on('SIGTERM', () => process.kill(process.pid, 'SIGKILL'));`;
    const child = await startSimulatorProcess({ entry: await entry(stubborn), logger });
    await child.close();
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('tells why it did not start', async () => {
    const broken = await entry(`console.error('no tokenizer found'); process.exit(3);`);
    await expect(startSimulatorProcess({ entry: broken, logger })).rejects.toThrow(
      /ended before it listened \(exit code 3\)\. It wrote: no tokenizer found/,
    );
    await expect(startSimulatorProcess({ entry: join(folder, 'none.js'), logger })).rejects.toThrow(
      /Cannot find module/,
    );
  });

  it('does not wait for ever', async () => {
    const silent = await entry('setInterval(() => {}, 1000);');
    await expect(startSimulatorProcess({ entry: silent, logger, timeoutMs: 50 })).rejects.toThrow(
      /did not listen within 50 ms/,
    );
  });
});
