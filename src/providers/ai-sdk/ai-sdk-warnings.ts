// What a package says it did not send as it was asked, as sentences for the caller. They are the package's own words,
// said before anything went out; they are kept short and on one line all the same.

import { isFields } from '../error-body.ts';

const MOST_WARNINGS = 16;
const LONGEST = 300;

const plain = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return undefined;
  const line = value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line === '' ? undefined : line.slice(0, LONGEST).toWellFormed();
};

const sentence = (text: string, details: unknown): string => {
  const more = plain(details);
  const whole = more === undefined ? text : `${text}: ${more}`;
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
};

/** undefined: nothing that a caller could do anything about. */
function toSentence(warning: unknown): string | undefined {
  if (!isFields(warning)) return undefined;
  const feature = plain(warning['feature']) ?? 'A setting';
  switch (warning['type']) {
    case 'unsupported':
      return sentence(`${feature} was not sent as asked, for this model does not support it`, warning['details']);
    case 'compatibility':
      return sentence(`${feature} is supported in part only`, warning['details']);
    case 'other': {
      const message = plain(warning['message']);
      return message === undefined ? undefined : sentence(message, undefined);
    }
    default:
      return undefined;
  }
}

export function readAiSdkWarnings(warnings: unknown): readonly string[] {
  if (!Array.isArray(warnings)) return [];
  const sentences = warnings.map(toSentence).filter((text) => text !== undefined);
  return [...new Set(sentences)].slice(0, MOST_WARNINGS);
}
