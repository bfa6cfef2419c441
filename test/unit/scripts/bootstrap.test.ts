// What `npm start` and `npm test` decide before they hand over: install? build? whose turn?
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fingerprintSources, needsBuild } from '../../../scripts/bootstrap/build.mjs';
import { isInstallStale, needsInstall } from '../../../scripts/bootstrap/install.mjs';
import { withLock } from '../../../scripts/bootstrap/lock.mjs';
import { judge } from '../../../scripts/bootstrap/test-verdict.mjs';
import { describeDifference } from '../../../scripts/bootstrap/text-difference.mjs';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-bootstrap-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
}

describe('an installation', () => {
  const wanted = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.2.3' },
      'node_modules/only-on-mac': { version: '1.0.0', optional: true },
    },
  };

  it('is fresh when every package is there in its version, optional ones aside', () => {
    expect(isInstallStale(wanted, { packages: { 'node_modules/a': { version: '1.2.3' } } })).toBe(false);
  });

  it('is stale when a package has another version, is missing, or nothing was installed to the end', () => {
    expect(isInstallStale(wanted, { packages: { 'node_modules/a': { version: '1.2.4' } } })).toBe(true);
    expect(isInstallStale(wanted, { packages: {} })).toBe(true);
    expect(isInstallStale(wanted, undefined)).toBe(true);
  });

  it('is judged by the list npm leaves in node_modules', () => {
    write('package-lock.json', JSON.stringify(wanted));
    expect(needsInstall(root)).toBe(true);
    write('node_modules/.package-lock.json', JSON.stringify(wanted));
    expect(needsInstall(root)).toBe(false);
    write('node_modules/.package-lock.json', '{ "packages": {');
    expect(needsInstall(root)).toBe(true);
  });

  it('cannot be judged without package-lock.json', () => {
    expect(() => needsInstall(root)).toThrow('package-lock.json is missing');
  });
});

describe('a build', () => {
  beforeEach(() => {
    write('package-lock.json', '{}');
    write('tsconfig.json', '{}');
    write('src/main.ts', 'export {};');
    write('src/core/ids.ts', 'export {};');
    write('dist/.build-stamp', fingerprintSources(root));
  });

  it('is fresh as long as the contents are the same, whatever the times say', () => {
    utimesSync(join(root, 'src/main.ts'), new Date(), new Date());
    expect(needsBuild(root)).toBe(false);
  });

  it.each([
    ['a source changed', () => write('src/core/ids.ts', 'export const a = 1;')],
    ['a source came', () => write('src/core/new.ts', '')],
    ['a source went', () => rmSync(join(root, 'src/core/ids.ts'))],
    ['text moved between files', () => [write('src/core/ids.ts', ''), write('src/main.ts', 'export {};export {};')]],
    ['the compiler settings changed', () => write('tsconfig.json', '{ }')],
    ['the dependencies changed', () => write('package-lock.json', '{ }')],
    ['dist/ is gone', () => rmSync(join(root, 'dist'), { recursive: true })],
  ])('is stale when %s', (_reason, change) => {
    change();
    expect(needsBuild(root)).toBe(true);
  });
});

describe('the lock around installing and building', () => {
  it('lets one work at a time and all in the end', async () => {
    const lock = join(root, '.sluice', 'lock');
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
      return 'done';
    };
    const results = await Promise.all([1, 2, 3, 4].map(() => withLock(lock, work, { pollMs: 1 })));
    expect(results).toEqual(['done', 'done', 'done', 'done']);
    expect(most).toBe(1);
  });

  it('is released when the work fails', async () => {
    const lock = join(root, 'lock');
    const failing = withLock(lock, () => Promise.reject(new Error('no network')));
    await expect(failing).rejects.toThrow('no network');
    expect(statSync(lock, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is taken over from an owner that died, by one at a time', async () => {
    const lock = join(root, 'lock');
    mkdirSync(lock);
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(lock, longAgo, longAgo);
    const order: string[] = [];
    const work = async () => {
      order.push('in');
      await new Promise(setImmediate);
      order.push('out');
    };
    await Promise.all([withLock(lock, work, { pollMs: 1 }), withLock(lock, work, { pollMs: 1 })]);
    expect(order).toEqual(['in', 'out', 'in', 'out']);
  });

  it('is waited for while its owner touches it, and says so once', async () => {
    const lock = join(root, 'lock');
    let waits = 0;
    let release = () => {};
    const first = withLock(lock, () => new Promise<void>((resolve) => (release = resolve)));
    const waiting = new Promise<void>((resolve) => {
      void withLock(lock, () => Promise.resolve(), {
        pollMs: 1,
        onWait: () => {
          waits += 1;
          release();
        },
      }).then(resolve);
    });
    await Promise.all([first, waiting]);
    expect(waits).toBe(1);
  });
});

describe('the last line of a test run', () => {
  it('counts what passed, failed and was skipped, and where', () => {
    const skipped = [
      { file: 'test/a.test.ts', names: ['a (no b)', 'c'] },
      { file: 'test/d.test.ts', names: ['e'] },
    ];
    expect(judge(0, { passed: 12, failed: 0, skipped, brokenFiles: 0 })).toEqual({
      line:
        'Skipped in test/a.test.ts: 2, such as "a (no b)"\nSkipped in test/d.test.ts: 1, such as "e"\n' +
        '12 passed, 0 failed, 3 skipped',
      exitCode: 0,
    });
  });

  it('counts a file that cannot be loaded as a failure', () => {
    const verdict = judge(1, { passed: 3, failed: 1, skipped: [], brokenFiles: 1 });
    expect(verdict).toEqual({ line: '3 passed, 2 failed', exitCode: 1 });
  });

  it('fails when no test ran, and when jest did not end', () => {
    expect(judge(0, { passed: 0, failed: 0, skipped: [{ file: 'a', names: ['b'] }], brokenFiles: 0 }).exitCode).toBe(1);
    expect(judge(137, undefined)).toEqual({
      line: 'No test ran to its end (exit code 137).\n0 passed, 0 failed',
      exitCode: 137,
    });
  });
});

describe('the difference of two texts', () => {
  it('shows the lines between the common start and the common end', () => {
    const difference = describeDifference('a\nb\nc\nd\n', 'a\nx\ny\nd\n');
    expect(difference).toBe('@@ line 2 @@\n- b\n- c\n+ x\n+ y');
  });
});
