// Old runtimes are told what to do instead of failing on syntax or a missing built-in.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { chooseNode } from '../../../scripts/bootstrap/project-node.mjs';

const require = createRequire(import.meta.url);
const runScript = require.resolve('../../../scripts/run.cjs');
const { refuseOldNode } = require('../../../scripts/bootstrap/node-version.cjs') as {
  refuseOldNode(version: string, minimumMajor: number, purpose: string): string | undefined;
};

function runAsVersion(version: string) {
  const program = `
    Object.defineProperty(process, 'version', { value: ${JSON.stringify(version)} });
    process.argv = [process.execPath, 'run.cjs', 'no-such-command'];
    require(${JSON.stringify(runScript)});`;
  return spawnSync(process.execPath, ['--input-type=commonjs', '--eval', program], { encoding: 'utf8' });
}

describe('the check of the Node version', () => {
  it('accepts the minimum and everything newer', () => {
    for (const version of ['v20.0.0', 'v20.19.4', 'v24.21.0', 'v100.0.0', 'v25.0.0-nightly']) {
      expect(refuseOldNode(version, 20, 'to start')).toBeUndefined();
    }
  });

  it('refuses older versions and names both versions and the way out', () => {
    for (const version of ['v0.12.18', 'v8.17.0', 'v18.20.8', 'v19.9.0', 'unknown']) {
      const refusal = refuseOldNode(version, 20, 'to start');
      expect(refusal).toContain('Node 20 or newer');
      expect(refusal).toContain(version);
      expect(refusal).toContain('https://nodejs.org');
    }
  });

  it('ends every command on an old Node with the message alone and exit code 1', () => {
    const result = runAsVersion('v18.20.8');
    expect(result.status).toBe(1);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(/^Sluice needs Node 20 or newer .*; this is Node v18\.20\.8\.\n.*\n$/);
  });

  it('lets a new enough Node go on to the command', () => {
    expect(runAsVersion('v20.0.0').stderr).toContain('Unknown command "no-such-command"');
  });
});

describe('the choice of the Node that runs the server', () => {
  const versions =
    (table: Record<string, string>) =>
    (path: string): string | undefined =>
      table[path];

  it('takes the one the dependencies brought', () => {
    expect(chooseNode('own', 'current', versions({ own: 'v24.21.0', current: 'v20.0.0' }))).toBe('own');
  });

  it('falls back to the current one where the dependencies bring none that runs', () => {
    expect(chooseNode('own', 'current', versions({ current: 'v24.1.0' }))).toBe('current');
  });

  it('says what is missing when neither will do', () => {
    const choose = () => chooseNode('own', 'current', versions({ current: 'v22.11.0' }));
    expect(choose).toThrow(/Node 24 or newer .*; this is Node v22\.11\.0/);
  });
});
