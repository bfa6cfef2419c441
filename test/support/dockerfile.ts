// Reads the Dockerfile and .dockerignore as Docker does, as far as ours go; whatever else would stand in them throws.

import { readFileSync } from 'node:fs';

export interface Instruction {
  readonly keyword: string;
  /** As written, continued lines joined. */
  readonly value: string;
}

export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** The stage it copies from; undefined: the build's context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

const KNOWN = new Set('ENTRYPOINT ENV EXPOSE COPY HEALTHCHECK RUN USER VOLUME WORKDIR'.split(' '));

export function readDockerfile(path = 'Dockerfile'): readonly Stage[] {
  const text = readFileSync(path, 'utf8').replaceAll(/^\s*#.*\n/gm, '');
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of text.replaceAll(/\\\n/g, ' ').split('\n')) {
    if (line.trim() === '') continue;
    const [, keyword = '', value = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (keyword === 'FROM') {
      const [, base = '', name] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(value) ?? [];
      stages.push({ base, name, instructions: [] });
    } else if (KNOWN.has(keyword)) stages.at(-1)?.instructions.push({ keyword, value });
    else throw new Error(`the test cannot read this line of ${path}: ${line}`);
  }
  return stages;
}

export const valuesOf = (stage: Stage, keyword: string): readonly string[] =>
  stage.instructions.filter((one) => one.keyword === keyword).map(({ value }) => value);

export const copiesOf = (stage: Stage): readonly Copy[] =>
  valuesOf(stage, 'COPY').map((value) => {
    const words = value.split(/\s+/);
    const flags = words.filter((word) => word.startsWith('--'));
    const paths = words.filter((word) => !word.startsWith('--'));
    const from = flags.map((flag) => /^--from=(.+)$/.exec(flag)?.[1]).find((name) => name !== undefined);
    return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' };
  });

/** `NAME=value NAME=value`, values without spaces. */
export const environmentOf = (stage: Stage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    valuesOf(stage, 'ENV').flatMap((value) => value.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
  );

/** Whether a path of the context is kept from the build: the last pattern that fits it or a folder above it decides. */
export function createIgnore(path = '.dockerignore'): (file: string) => boolean {
  const patterns = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const keeps = line.startsWith('!');
      const glob = line.slice(keeps ? 1 : 0);
      if (!/^[\w.*-]+$/.test(glob)) throw new Error(`the test cannot read this line of ${path}: ${line}`);
      const shape = new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
      return { keeps, shape };
    });
  return (file) => {
    const parts = file.split('/');
    const folders = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    let ignored = false;
    for (const { keeps, shape } of patterns) if (folders.some((folder) => shape.test(folder))) ignored = !keeps;
    return ignored;
  };
}
