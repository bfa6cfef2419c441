// `npm run audit`: are vulnerabilities known of what production runs with? npm asks the registry, which takes a network
// and a registry that answers. Exit code 0: none is known; 1: some are; 2: it could not be asked, which says nothing.
import { captureChild } from './bootstrap/child.mjs';
import { report } from './bootstrap/project.mjs';

/**
 * @typedef {{ type: 'CLEAN', dependencies: number } | { type: 'FOUND', lines: string[] } | { type: 'UNKNOWN', why: string }} Audit
 */

export async function run() {
  const { stdout, output } = await captureChild('npm', ['audit', '--omit=dev', '--json']);
  const audit = readAudit(stdout, output);
  switch (audit.type) {
    case 'CLEAN':
      report(`No vulnerability is known of the ${audit.dependencies} packages that production runs with.`);
      return 0;
    case 'FOUND':
      report(`Vulnerabilities are known of packages that production runs with:\n\n${audit.lines.join('\n')}`);
      return 1;
    case 'UNKNOWN':
      report(`The registry could not be asked, so nothing is known, good or bad: ${audit.why}`);
      return 2;
  }
}

/**
 * @param {string} stdout
 * @param {string} output stdout and stderr
 * @returns {Audit}
 */
export function readAudit(stdout, output) {
  const answer = parse(stdout);
  const { vulnerabilities, metadata } = answer ?? {};
  const total = metadata?.vulnerabilities?.total;
  const dependencies = metadata?.dependencies?.prod;
  if (typeof total !== 'number' || !(dependencies > 0) || typeof vulnerabilities !== 'object') {
    const why = answer?.message ?? answer?.error?.summary ?? lastLine(output);
    return { type: 'UNKNOWN', why: why === '' ? 'npm did not say why.' : String(why) };
  }
  const found = Object.values(vulnerabilities);
  if (total === 0 && found.length === 0) return { type: 'CLEAN', dependencies };
  return { type: 'FOUND', lines: found.map(describeVulnerability) };
}

/** @param {{ name: string, severity: string, range: string, via: unknown[], fixAvailable: unknown }} vulnerability */
function describeVulnerability({ name, severity, range, via, fixAvailable }) {
  const advisories = via.flatMap((cause) => {
    if (typeof cause === 'string') return [`through ${cause}`];
    const { title, url } = /** @type {{ title: string, url: string }} */ (cause);
    return [`${title} (${url})`];
  });
  const fix = fixAvailable === false ? 'no fix yet' : 'a fix is there: npm audit says which';
  return `${severity}: ${name} ${range}: ${advisories.join('; ')}; ${fix}`;
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const lastLine = (/** @type {string} */ text) => text.trim().split('\n').at(-1) ?? '';
