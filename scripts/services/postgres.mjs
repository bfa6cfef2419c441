// A Postgres for tests: on a free port of this machine, by a password, without care for what a power cut would do.
// The empty database it starts from is made once and kept in .sluice/.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../bootstrap/project.mjs';
import { freePort, startProgram } from './program.mjs';

/** @typedef {{ uid: number, gid: number }} User */

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  autovacuum: 'off',
  log_min_messages: 'log',
};

/**
 * @param {{ programs: string, folder: string, keep: (program: import('./program.mjs').Program) => void }} options
 * `programs`: the folder of initdb and postgres
 * @returns {Promise<string>} its URL, of one who may do everything
 */
export async function startPostgres({ programs, folder, keep }) {
  const user = unprivilegedUser();
  const home = join(folder, 'postgres');
  mkdirSync(home);
  if (user !== undefined) {
    // The way to its folder is for it, too.
    chmodSync(folder, 0o711);
    chownSync(home, user.uid, user.gid);
  }
  const data = join(home, 'data');
  const password = provideData({ programs, home, data, user });
  const port = await freePort();
  const args = [
    '-D',
    data,
    '-p',
    `${port}`,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const postgres = startProgram('Postgres', join(programs, 'postgres'), args, { cwd: home, env: plainEnv, ...user });
  keep(postgres);
  await postgres.printed(/database system is ready to accept connections/);
  return `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
}

const plainEnv = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

/**
 * @param {{ programs: string, home: string, data: string, user: User | undefined }} options
 * @returns {string} the password
 */
function provideData({ programs, home, data, user }) {
  const version = run(join(programs, 'postgres'), ['--version'], home, undefined);
  const kept = join(projectRoot, '.sluice', `test-postgres-${/[\d.]+/.exec(version)?.[0]}`);
  const passwordFile = join(data, 'sluice-password');
  if (existsSync(kept)) {
    cpSync(kept, data, { recursive: true });
    own(data, user);
    return readFileSync(passwordFile, 'utf8');
  }
  const password = randomBytes(16).toString('hex');
  const draft = join(home, 'password');
  writeFileSync(draft, password);
  own(draft, user);
  run(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', draft, '-E', 'UTF8', '--locale=C', '--no-sync'],
    home,
    user,
  );
  writeFileSync(passwordFile, password, { mode: 0o600 });
  keepCopy(data, kept);
  return password;
}

/** Of several that make one at once the first wins. @param {string} data @param {string} kept */
function keepCopy(data, kept) {
  const draft = `${kept}.${process.pid}`;
  try {
    mkdirSync(join(projectRoot, '.sluice'), { recursive: true });
    cpSync(data, draft, { recursive: true });
    chmodSync(draft, 0o700);
    renameSync(draft, kept);
  } catch {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Postgres refuses root. @returns {User | undefined} undefined: whoever runs this is fine */
function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = ['postgres', 'nobody'].map((name) => users.find((fields) => fields[0] === name)).find(Boolean);
  if (entry === undefined)
    throw new Error('Postgres does not run as root, and there is no user "postgres" or "nobody" to run it.');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** With all that is in it. @param {string} path @param {User | undefined} user */
function own(path, user) {
  if (existsSync(join(path, 'PG_VERSION'))) chmodSync(path, 0o700);
  if (user === undefined) return;
  lchownSync(path, user.uid, user.gid);
  try {
    for (const name of readdirSync(path)) own(join(path, name), user);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOTDIR') throw error;
  }
}

/** @param {string} file @param {string[]} args @param {string} cwd @param {User | undefined} user */
function run(file, args, cwd, user) {
  const { status, stdout, stderr, error } = spawnSync(file, args, { cwd, env: plainEnv, encoding: 'utf8', ...user });
  if (status !== 0) throw new Error(`${file} failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
  return stdout;
}
