// What one core takes over from the one before.

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { GraphQLSchema } from 'graphql';
import type { Caller } from '../../../src/core/caller.ts';
import { type ConfiguredCore, type CoreSettings, configureCore } from '../../../src/graphql/configured-core.ts';
import { buildGraphQLSchema } from '../../../src/graphql/schema.ts';
import { ConfigError } from '../../../src/platform/config-errors.ts';
import { hashOfText } from '../../../src/platform/document-manifest.ts';
import { caller, servicesWith } from '../../support/fake-generations.ts';

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const services = servicesWith({});
const settings: CoreSettings = {
  introspection: true,
  limits: { depth: 10 },
  trustedDocuments: { mode: 'off', manifest: undefined },
};
const manifestOf = (text: string) => ({ name: 'm.json', documents: new Map([[hashOfText(text), text]]) });
const query = '{ models { name } }';
const loose: Caller = { ...caller, documentMode: 'off' };

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildGraphQLSchema(services);
});

const configure = (changes: Partial<CoreSettings> = {}, before?: ConfiguredCore): Promise<ConfiguredCore> =>
  configureCore({ schema, generations: services.generations, logger }, { ...settings, ...changes }, before);
const read = ({ core }: ConfiguredCore): unknown => core.findDocument({ query, documentId: undefined }, loose).result;

describe('a configured core', () => {
  it('is the one before where the settings are equal', async () => {
    const first = await configure();
    expect(await configure({ limits: { depth: 10 } }, first)).toBe(first);
  });

  it('has the documents that were read by the same rules, whatever documents are trusted', async () => {
    const first = await configure();
    const document = read(first);
    const second = await configure({ trustedDocuments: { mode: 'require', manifest: manifestOf(query) } }, first);
    expect(read(second)).toBe(document);
    expect(second.core.apollo).toBe(first.core.apollo);
    expect(() => second.core.findDocument({ query, documentId: undefined }, caller)).toThrow(/trusted documents only/);
    // The one before is as it was: operations that began with it go on by it.
    expect(first.core.findDocument({ query, documentId: undefined }, caller).result).toBe(document);
  });

  it('reads anew by other rules', async () => {
    const first = await configure();
    const document = read(first);
    const shallow = await configure({ limits: { depth: 1 } }, first);
    expect(read(shallow)).toMatchObject({ type: 'INVALID' });
    const hidden = await configure({ introspection: false }, first);
    expect(read(hidden)).not.toBe(document);
    expect(hidden.core.apollo).not.toBe(first.core.apollo);
    expect(read(first)).toBe(document);
  });

  it('is refused where a trusted document does not fit', async () => {
    const first = await configure();
    const wrong = { mode: 'require', manifest: manifestOf('{ nothing }') } as const;
    await expect(configure({ trustedDocuments: wrong }, first)).rejects.toThrow(ConfigError);
  });
});
