// The folder where an embedded server keeps what it must not forget: its admin key and its secret. Made once, readable
// by their owner alone; several processes that start at once agree on what the first one wrote.

import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './error-code.ts';
import { createSecret, type Secret } from './secret.ts';

const ADMIN_KEY = /^[\x21-\x7e]{32,256}$/;
const SECRET = /^[\x21-\x7e]{32,1024}$/;

export interface DataDirectoryOptions {
  /** Absolute path; made if it does not exist. */
  readonly path: string;
  /** From the environment; undefined: the folder keeps one. */
  readonly adminKey: Secret | undefined;
  readonly secret: Secret | undefined;
  /** Whether a database that nodes share keeps the admin key: then the folder keeps none. */
  readonly isAdminKeyStored: boolean;
}

export interface Credentials {
  /** undefined: it is in the database. */
  readonly adminKey: Secret | undefined;
  /** Where the admin key can be read; undefined when it came from the environment, or is in the database. */
  readonly adminKeyFile: string | undefined;
  readonly secret: Secret;
}

/** @throws Error that says what to do when the folder cannot be used or a file in it holds something else. */
export async function openDataDirectory(options: DataDirectoryOptions): Promise<Credentials> {
  const { path, secret } = options;
  const isKept = options.adminKey === undefined && !options.isAdminKeyStored;
  const kept = (name: string, make: () => string, shape: RegExp): Promise<Secret> =>
    keep(path, join(path, name), make, shape);
  return {
    adminKey: isKept ? await kept('admin-key', newApiKey, ADMIN_KEY) : options.adminKey,
    adminKeyFile: isKept ? join(path, 'admin-key') : undefined,
    secret: secret ?? (await kept('secret', () => randomBytes(32).toString('base64url'), SECRET)),
  };
}

/** 256 random bits behind a prefix that secret scanners can look for. */
function newApiKey(): string {
  return `sk_sluice_${randomBytes(32).toString('base64url')}`;
}

async function keep(directory: string, file: string, make: () => string, shape: RegExp): Promise<Secret> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const value = (await readIfThere(file)) ?? (await writeOnce(file, make()));
    if (shape.test(value)) return createSecret(value);
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    throw new Error(
      `${file} cannot be read or written (${code}). Make the folder writable for this user, or name another one with SLUICE_DATA_DIR.`,
      { cause: error },
    );
  }
  throw new Error(
    `${file} does not hold what Sluice wrote there. Restore it; or delete it, and a new one is made at the next start.`,
  );
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written whole under another name and linked into place, so that nobody ever reads half of it; the first one wins. */
async function writeOnce(file: string, value: string): Promise<string> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${value}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
    return value;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return (await readIfThere(file)) ?? value;
    throw error;
  } finally {
    await unlink(draft);
  }
}
