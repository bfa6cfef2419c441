// The scan for secrets finds what must not be committed, leaves alone what says that it is none, and notices when it has
// gone blind.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkSecrets } from '../../../scripts/checks/secrets.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-scan-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, content: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

describe('the scan for secrets', () => {
  // Put together here, so that the scan of this repository finds none of them in this file.
  const secrets: readonly (readonly [name: string, text: string])[] = [
    ['admin-key.txt', `sk_sluice_${'Ab3-_'.repeat(9).slice(0, 43)}`],
    ['config.ts', `const token = '${'ghp_'}${'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6'}';`],
    ['aws.env', `AWS_SECRET_ACCESS_KEY=${'wJalrXUtnFEMI/K7MDENG'}${'+bPxRfiCYzq8sT1vW4y'}`],
    ['nearly-a-test-key.ts', `'sk_test_${'0123456789abcdef0123456789abcdeX'}'`],
    ['nearly-a-test-password.ts', `'https://me:${'hunter22'}@proxy.example.com/'`],
  ];
  const harmless: readonly (readonly [name: string, text: string])[] = [
    ['test-key.ts', `'sk_test_0123456789abcdef0123456789abcdef'`],
    ['test-password.ts', `'http://me:hunter2@proxy.example.com:8080'`],
    ['example.yaml', `apiKey: "$${'{OPENAI_API_KEY}'}"`],
    ['prefix.md', 'Keys begin with `sk_sluice_`.'],
  ];

  it('names each file with a secret and no other, and repeats no secret', async () => {
    const written = [...secrets, ...harmless].map(([name, text]) => write(name, `${text}\n`));
    const { exitCode, output } = await checkSecrets(process.execPath, { files: await Promise.all(written) });
    expect(exitCode).toBe(1);
    const named = [...secrets, ...harmless].map(([name]) => name).filter((name) => output.includes(`/${name}`));
    expect(named).toEqual(secrets.map(([name]) => name));
    expect(output).not.toMatch(/Ab3-_Ab3|aB3dE6gH9|wJalrXUtn|cdeX|hunter22/);
  });

  it('fails, and says that it is blind, when its rules find nothing', async () => {
    const rules = await write(
      '.secretlintrc.yml',
      'rules: [{ id: "@secretlint/secretlint-rule-preset-recommend", disabled: true }]\n',
    );
    const { exitCode, output } = await checkSecrets(process.execPath, { rules, files: [] });
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^The scan is broken: it did not find a token of GitHub, .* planted for it/);
  });
});
