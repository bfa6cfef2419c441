// No secret is committed: secretlint, and the form of our own keys, over all files that git tracks. Before it trusts the
// scan, it plants secrets and sees that they are found.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureChild } from '../bootstrap/child.mjs';
import { installed, projectRoot } from '../bootstrap/project.mjs';

/** As newApiKey makes them (src/platform/data-directory.ts). */
const SLUICE_KEY = /sk_sluice_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/;

/** What is planted, in two parts: whole it would be found here, too. */
const PLANTED = {
  'an API key of ours': ['sk_sluice_', 'q7Zt0yXr5Vn2Kp9Wd4Hb8Mc1Lf6Sg3JaQeRuTiOoPw-'],
  'a token of GitHub': ['ghp_', 'q7Zt0yXr5Vn2Kp9Wd4Hb8Mc1Lf6Sg3JaQe4a'],
  'a key of Anthropic': ['sk-ant-api03-', `${'q7Zt0yXr5Vn2Kp9Wd4Hb8Mc1Lf6Sg3JaQeRuTiOoPw_'.repeat(3).slice(0, 93)}AA`],
  'a private key': [
    '-----BEGIN RSA PRIVATE',
    ` KEY-----\nMIIE${'q7Zt0yXr5Vn2Kp9W'.repeat(8)}\n-----END RSA PRIVATE KEY-----`,
  ],
  'a password in an address': ['https://admin:', 'q7Zt0yXr5Vn2@db.example.com/'],
};

/**
 * @param {string} node
 * @param {{ rules?: string, files?: readonly string[] }} [options] `files`: instead of those that git tracks
 * @returns {Promise<import('../check.mjs').Outcome>}
 */
export async function checkSecrets(node, options = {}) {
  const rules = options.rules ?? join(projectRoot, '.secretlintrc.yml');
  const { missed, output } = await scanPlants(node, rules);
  if (missed.length > 0) {
    const broken = `The scan is broken: it did not find ${missed.join(', ')}, planted for it. What it said:`;
    return { exitCode: 1, output: `${broken}\n\n${output}` };
  }
  const files = options.files ?? trackedFiles();
  if (files === undefined) return { exitCode: 0, output: '', skipped: 'git does not say which files it tracks' };
  return scan(node, rules, files);
}

/** @param {string} node @param {string} rules @returns {Promise<{ missed: string[], output: string }>} */
async function scanPlants(node, rules) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
  try {
    const planted = Object.entries(PLANTED).map(([what, parts], index) => {
      const file = join(folder, `planted-${index}.txt`);
      writeFileSync(file, `value = ${parts.join('')}\n`);
      return { what, file };
    });
    const { output } = await scan(
      node,
      rules,
      planted.map(({ file }) => file),
    );
    return { missed: planted.filter(({ file }) => !output.includes(file)).map(({ what }) => what), output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} node
 * @param {string} rules
 * @param {readonly string[]} files absolute paths
 * @returns {Promise<{ exitCode: number, output: string }>}
 */
async function scan(node, rules, files) {
  const program = installed('secretlint', 'bin', 'secretlint.js');
  const settings = ['--secretlintrc', rules, '--no-glob', '--no-gitignore', '--no-color', '--no-terminalLink'];
  const { exitCode, output } = await captureChild(node, [program, ...settings, ...files]);
  const ours = files.flatMap((file) => {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((text) => SLUICE_KEY.test(text));
    return line === -1 ? [] : [`${file}\n  ${line + 1}  error  found an API key of Sluice`];
  });
  const found = ours.length > 0 && exitCode === 0 ? 1 : exitCode;
  return { exitCode: found, output: [output.trim(), ...ours].filter((text) => text !== '').join('\n\n') };
}

/** @returns {string[] | undefined} undefined: git is not there, or this is no repository of its own */
function trackedFiles() {
  const listed = spawnSync('git', ['ls-files', '-z'], { cwd: projectRoot, encoding: 'utf8' });
  if (listed.status !== 0) return undefined;
  const files = listed.stdout.split('\0').filter((name) => name !== '');
  // What was deleted and not committed yet is still listed.
  return files.map((name) => join(projectRoot, name)).filter((file) => existsSync(file));
}
