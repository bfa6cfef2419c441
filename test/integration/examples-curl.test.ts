// The scripts of examples/curl do what their README says, against the real gateway.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function example(script: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, SLUICE_URL: gateway.url, SLUICE_KEY: adminKey, SLUICE_MODEL: 'sim-instant' };
  const { stdout } = await promisify(execFile)('sh', [`examples/curl/${script}`, ...args], { env });
  return stdout;
}

const batchIdOf = (output: string): string | undefined => /"batchId":"([^"]+)"/.exec(output)?.[1];

describe('examples/curl', () => {
  it('generates, with quotes in the prompt', async () => {
    const { data } = JSON.parse(await example('generate.sh', 'Why is "blue" a \\ word?'));
    expect(data.generate).toMatchObject({ __typename: 'GenerateSuccess', generation: { finishReason: 'STOP' } });
  });

  it('pays once for a key', async () => {
    const run = async () => JSON.parse(await example('generate-once.sh', 'curl-1', 'Hello')).data.generate;
    expect(await run()).toMatchObject({ replayed: false });
    expect(await run()).toMatchObject({ replayed: true, generation: { usage: { costUsd: '0' } } });
  });

  it('runs a batch', async () => {
    const { data } = JSON.parse(await example('batch.sh', 'one', 'two', 'three'));
    expect(data.batchGenerate).toMatchObject({ succeededCount: 3, failedCount: 0 });
  });

  it('starts a batch and follows it, the same one for the same key', async () => {
    const run = () => example('start-batch.sh', 'curl-3', 'one', 'say "two"');
    const first = await run();
    expect(first.match(/"completed":\d/g)).toEqual(['"completed":0', '"completed":1', '"completed":2']);
    expect(first.match(/GenerateSuccess/g)).toHaveLength(2);
    const again = await run();
    expect(again).toContain('"status":"SUCCEEDED"');
    expect(batchIdOf(again)).toBe(batchIdOf(first));
  });

  it('streams, and resumes behind a cursor', async () => {
    const whole = await example('stream.sh', 'curl-2', 'Tell me about rivers');
    expect(whole).toContain('GenerationCompleted');
    const cursor = /"cursor":"([^"]+)"/.exec(whole)?.[1] ?? '';
    const rest = await example('resume.sh', 'curl-2', cursor, 'Tell me about rivers');
    expect(rest).not.toContain('GenerationStarted');
    expect(rest).toContain('GenerationCompleted');
  });

  it('lists models with prices', async () => {
    expect(JSON.parse(await example('models.sh')).data.models).toHaveLength(3);
  });
});
