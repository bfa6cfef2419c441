// The build stage of the Dockerfile in a folder of its own: what it copies is enough for its commands. The dependencies
// are those of this checkout, for a test does not go to the network.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { copiesOf, readDockerfile, valuesOf } from '../support/dockerfile.ts';

it('builds dist/ from nothing but what it copies', async () => {
  const stage = readDockerfile().find(({ name }) => name === 'build');
  if (stage === undefined) throw new Error('there is no build stage');
  const app = await mkdtemp(join(tmpdir(), 'sluice-image-build-'));
  try {
    for (const { sources, target } of copiesOf(stage)) {
      for (const source of sources) {
        await cp(source, target.endsWith('/') ? join(app, target, source) : join(app, target), { recursive: true });
      }
    }
    await symlink(resolve('node_modules'), join(app, 'node_modules'));
    for (const command of valuesOf(stage, 'RUN')) {
      if (!command.startsWith('npm ci ')) await promisify(execFile)('sh', ['-c', command], { cwd: app });
    }
    const isKept = (file: string): boolean => !file.endsWith('.map');
    const built = (await readdir(join(app, 'dist'), { recursive: true })).sort();
    expect(built).toEqual((await readdir('dist', { recursive: true })).filter(isKept).sort());
    expect(built).toContain('main.js');
  } finally {
    await rm(app, { recursive: true, force: true });
  }
});
