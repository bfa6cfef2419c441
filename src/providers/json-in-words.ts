// Asks for JSON in words, where a model cannot be held to it otherwise. The answer may come in a code fence all the same
// (json-fence.ts).

import type { JsonObject } from '../core/json.ts';

const JSON_ALONE = 'Answer with JSON only, without any other text and without a code fence.';

export const jsonInWords = (schema: JsonObject | undefined): string =>
  schema === undefined ? JSON_ALONE : `${JSON_ALONE} It has to fit this JSON schema:\n${JSON.stringify(schema)}`;
