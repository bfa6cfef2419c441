// The manifest that `server.trustedDocuments` names: read with the configuration, so that its problems are told beside
// those of the file, and a reload takes both or neither.

import { resolve } from 'node:path';
import type { TrustedDocumentsConfig } from './config.ts';
import type { ConfigProblem } from './config-errors.ts';
import type { ConfigFile } from './config-file.ts';
import { describeField, type FileConfig } from './config-schema.ts';
import { readDocumentManifest } from './document-manifest.ts';

/** Of a manifest with thousands of bad entries the first tell enough. */
const MOST_TOLD = 50;
const PATH = ['server', 'trustedDocuments', 'manifest'] as const;

export interface ConfiguredManifest {
  readonly manifest: TrustedDocumentsConfig['manifest'];
  readonly problems: readonly ConfigProblem[];
}

/** `folder`: that of the configuration file, where a relative path starts. */
export async function readConfiguredManifest(
  config: FileConfig,
  file: ConfigFile,
  folder: string,
): Promise<ConfiguredManifest> {
  const name = config.server.trustedDocuments.manifest;
  if (name === undefined) return { manifest: undefined, problems: [] };
  const reading = await readDocumentManifest(resolve(folder, name), name);
  switch (reading.type) {
    case 'READ':
      return { manifest: reading.manifest, problems: [] };
    case 'UNREADABLE': {
      const { expected } = reading;
      const field = PATH.join('.');
      const found = describeField(PATH, name);
      return { manifest: undefined, problems: [{ place: file.name, line: file.lineOf(PATH), field, found, expected }] };
    }
    case 'INVALID':
      return { manifest: undefined, problems: manifestProblems(name, reading.problems) };
  }
}

/** Problems of entries as problems of the configuration; a long list is cut. */
export function manifestProblems(
  manifestName: string,
  problems: readonly { readonly entry: string; readonly problem: string }[],
): readonly ConfigProblem[] {
  const told = problems.slice(0, MOST_TOLD).map(
    ({ entry, problem }): ConfigProblem => ({
      place: manifestName,
      line: undefined,
      field: entry,
      found: undefined,
      expected: problem,
    }),
  );
  const left = problems.length - told.length;
  if (left === 0) return told;
  const more = `and ${left} more problems of this manifest`;
  return [...told, { place: manifestName, line: undefined, field: '', found: undefined, expected: more }];
}

/** What is allowed and most likely a mistake. */
export function documentWarnings({ server, auth }: FileConfig, documents: TrustedDocumentsConfig): readonly string[] {
  const { mode, manifest } = documents;
  if (manifest === undefined) return [];
  const used = [mode, auth.adminDocumentMode, ...auth.apiKeys.map((key) => key.documentMode)];
  if (!used.some((each) => each !== undefined && each !== 'off')) {
    return [
      `server.trustedDocuments names a manifest that nothing uses: its mode is off (log, allow-known and require use it), and no key has another.`,
    ];
  }
  const warnings: string[] = [];
  if (manifest.documents.size === 0) {
    warnings.push(`The manifest ${server.trustedDocuments.manifest} holds no documents.`);
  }
  if ((mode === 'require' || mode === 'allow-known') && auth.adminDocumentMode === undefined) {
    warnings.push(
      `server.trustedDocuments.mode is ${mode}, for the admin key too: it runs documents of the manifest only. auth.adminDocumentMode: off lets it run any.`,
    );
  }
  return warnings;
}
