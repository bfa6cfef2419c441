// `npm run sbom [-- <file>]`: the software bill of materials of what production runs with, as CycloneDX JSON. Made by npm
// from package-lock.json alone, so that the same lock gives the same file on every machine with the same npm.
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { captureChild } from './bootstrap/child.mjs';
import { CommandError, projectRoot, report } from './bootstrap/project.mjs';
import { readProductionPackages } from './checks/production-packages.mjs';

const DEFAULT_FILE = 'sluice.cdx.json';
const SBOM_SETTINGS = ['--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];

/**
 * @typedef {{ type: string, url: string }} Reference
 * @typedef {{ 'bom-ref': string, name: string, externalReferences?: Reference[] }} Component
 * @typedef {{
 *   serialNumber?: string, metadata: { timestamp?: string, component: Component },
 *   components: Component[], dependencies: { ref: string, dependsOn: string[] }[] }} Sbom
 */

/** @param {string[]} args */
export async function run([file = DEFAULT_FILE]) {
  // npm's own `--omit=dev` leaves out every package that a development tool uses too, graphql and ws among them.
  const { stdout, output } = await captureChild('npm', ['sbom', ...SBOM_SETTINGS]);
  const packages = readProductionPackages();
  const sbom = productionSbom(
    parse(stdout, output),
    packages.map(({ name, version }) => `${name}@${version}`),
  );
  writeFileSync(resolve(projectRoot, file), `${JSON.stringify(sbom, null, 2)}\n`);
  report(`${file}: ${sbom.components.length} packages, CycloneDX ${sbom.specVersion}.`);
  return 0;
}

/** @param {string} stdout @param {string} output */
function parse(stdout, output) {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new CommandError(`npm gave no SBOM. What it said:\n\n${output.trim()}`);
  }
}

/**
 * What of npm's SBOM is about production, without what changes from run to run: time and random serial number.
 * @template {Sbom} Bom
 * @param {Bom} full
 * @param {readonly string[]} production `name@version`
 * @returns {Bom}
 */
export function productionSbom(full, production) {
  const wanted = new Set(production);
  const components = full.components.filter((component) => wanted.has(component['bom-ref'])).map(withoutOrigin);
  const present = new Set(components.map((component) => component['bom-ref']));
  const missing = [...wanted].filter((ref) => !present.has(ref));
  if (missing.length > 0) throw new CommandError(`npm left out of the SBOM: ${missing.join(', ')}.`);

  const { serialNumber: _random, ...rest } = full;
  const { timestamp: _now, ...metadata } = full.metadata;
  const root = metadata.component;
  const isPart = (/** @type {string} */ ref) => present.has(ref) || ref === root['bom-ref'];
  const content = {
    ...rest,
    // npm calls the project by the name of its folder.
    metadata: { ...metadata, component: { ...root, name: root['bom-ref'].replace(/(.)@.*$/, '$1') } },
    components: components.sort((left, right) => (left['bom-ref'] < right['bom-ref'] ? -1 : 1)),
    dependencies: full.dependencies
      .filter(({ ref }) => isPart(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isPart).sort() }))
      .sort((left, right) => (left.ref < right.ref ? -1 : 1)),
  };
  return /** @type {Bom} */ (/** @type {unknown} */ ({ ...content, serialNumber: serialNumberOf(content) }));
}

/** Where a package was downloaded from is a matter of the machine. @param {Component} component */
function withoutOrigin({ externalReferences = [], ...component }) {
  return { ...component, externalReferences: externalReferences.filter(({ type }) => type !== 'distribution') };
}

/** A UUID (version 8) of the content: equal contents are one SBOM. @param {object} content */
function serialNumberOf(content) {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}
