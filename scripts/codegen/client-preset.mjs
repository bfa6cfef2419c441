// GraphQL Code Generator's client preset, with the manifest of documents where it belongs: in schema/, beside the
// operations it is made from, not among the generated types.
import { preset as client } from '@graphql-codegen/client-preset';

const MANIFEST = 'persisted-documents.json';

/** @type {typeof client} */
export const preset = {
  ...client,
  async buildGeneratesSection(options) {
    const files = await client.buildGeneratesSection(options);
    return files.map((file) => (file.filename.endsWith(MANIFEST) ? { ...file, filename: `schema/${MANIFEST}` } : file));
  },
};
