// Compiles src/ to dist/ when dist/ was not made from exactly these sources.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { runChild } from './child.mjs';
import { CommandError, installed, projectRoot, report } from './project.mjs';
import { findProjectNode } from './project-node.mjs';

const stampName = '.build-stamp';

/**
 * A hash of everything the build reads: names and contents, never times, which a checkout does not keep.
 * @param {string} root
 */
export function fingerprintSources(root = projectRoot) {
  const hash = createHash('sha256');
  const files = [join(root, 'package-lock.json'), join(root, 'tsconfig.json'), ...listFiles(join(root, 'src'))];
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${relative(root, file).split(sep).join('/')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** @param {string} root */
export function needsBuild(root = projectRoot) {
  try {
    return readFileSync(join(root, 'dist', stampName), 'utf8') !== fingerprintSources(root);
  } catch {
    return true;
  }
}

/** Whoever else writes into dist/ says so by this: its content is no longer known to fit the sources. */
export function forgetBuild() {
  rmSync(join(projectRoot, 'dist', stampName), { force: true });
}

/** Builds beside dist/ and swaps, so that a failed build leaves the old one and nobody sees half of one. */
export async function build() {
  report('Building…');
  const next = join(projectRoot, 'dist.next');
  const old = join(projectRoot, 'dist.old');
  const current = join(projectRoot, 'dist');
  const fingerprint = fingerprintSources();
  rmSync(next, { recursive: true, force: true });
  const compiler = installed('typescript', 'bin', 'tsc');
  const args = [compiler, '-p', 'tsconfig.json', '--outDir', next];
  const exitCode = await runChild(findProjectNode(), args, { stdoutTo: 'stderr' });
  if (exitCode !== 0) {
    rmSync(next, { recursive: true, force: true });
    throw new CommandError('The build failed; see the errors above.');
  }
  copyAssets(join(projectRoot, 'src'), next);
  writeFileSync(join(next, stampName), fingerprint);
  rmSync(old, { recursive: true, force: true });
  renameIfPresent(current, old);
  renameSync(next, current);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Files that are not compiled but read at run time lie in dist/ where they lie in src/.
 * @param {string} from
 * @param {string} to
 */
function copyAssets(from, to) {
  for (const file of listFiles(from)) {
    if (/\.tsx?$/.test(file)) continue;
    const target = join(to, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(file, target);
  }
}

/** @param {string} folder @returns {string[]} all files below it, always in the same order */
function listFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? listFiles(path) : [path];
    });
}

/** @param {string} from @param {string} to */
function renameIfPresent(from, to) {
  try {
    renameSync(from, to);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
}
