import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDataDirectory } from '../../../src/platform/data-directory.ts';
import { createSecret } from '../../../src/platform/secret.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-data-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function open(path = join(folder, 'deep', 'data')) {
  const { adminKey, ...rest } = await openDataDirectory({
    path,
    adminKey: undefined,
    secret: undefined,
    isAdminKeyStored: false,
  });
  if (adminKey === undefined) throw new Error('the folder keeps one');
  return { adminKey, ...rest };
}

describe('the data folder', () => {
  it('makes admin key and secret once, for their owner alone', async () => {
    const path = join(folder, 'deep', 'data');
    const first = await open();
    expect(first.adminKey.reveal()).toMatch(/^sk_sluice_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.byteLength(first.secret.reveal())).toBeGreaterThanOrEqual(32);
    expect(first.adminKeyFile).toBe(join(path, 'admin-key'));
    expect((await readdir(path)).sort()).toEqual(['admin-key', 'secret']);
    for (const file of ['admin-key', 'secret']) expect((await stat(join(path, file))).mode & 0o777).toBe(0o600);

    const second = await open();
    expect(second.adminKey.reveal()).toBe(first.adminKey.reveal());
    expect(second.secret.reveal()).toBe(first.secret.reveal());
    expect(await readFile(join(path, 'admin-key'), 'utf8')).toBe(`${first.adminKey.reveal()}\n`);
  });

  it('gives the same keys to all who start at once, and leaves no drafts', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => open()));
    expect(new Set(all.map(({ adminKey, secret }) => `${adminKey.reveal()} ${secret.reveal()}`)).size).toBe(1);
    expect(await readdir(join(folder, 'deep', 'data'))).toHaveLength(2);
  });

  it('is not touched when the environment fixes both', async () => {
    const path = join(folder, 'never');
    const [adminKey, secret] = [createSecret('a'.repeat(32)), createSecret('s'.repeat(32))];
    for (const isAdminKeyStored of [false, true]) {
      const opened = await openDataDirectory({ path, adminKey, secret, isAdminKeyStored });
      expect(opened).toEqual({ adminKey, secret, adminKeyFile: undefined });
    }
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps no admin key where a database does', async () => {
    const secret = createSecret('s'.repeat(32));
    const path = join(folder, 'never');
    const opened = await openDataDirectory({ path, adminKey: undefined, secret, isAdminKeyStored: true });
    expect(opened).toEqual({ adminKey: undefined, secret, adminKeyFile: undefined });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says what to do about a file that holds something else, without showing it', async () => {
    await writeFile(join(folder, 'admin-key'), 'too short\n');
    await expect(open(folder)).rejects.toThrow(/admin-key does not hold what .* delete it/s);
    await expect(open(folder)).rejects.not.toThrow(/too short/);
  });

  it('says what to do about a folder that cannot be used', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(open(join(folder, 'file'))).rejects.toThrow(
      /cannot be read or written \((EEXIST|ENOTDIR)\).*SLUICE_DATA_DIR/,
    );
    await mkdir(join(folder, 'data', 'admin-key'), { recursive: true });
    await expect(open(join(folder, 'data'))).rejects.toThrow(/admin-key cannot be read or written \(EISDIR\)/);
  });
});
