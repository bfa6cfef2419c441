// Field types of the configuration file. The message of each zod issue is what was expected, in words; what was found
// is added by whoever reports it. Scalars filled in from the environment are turned into what the field wants.

import { z } from 'zod';
import { parseMicroUsd } from '../core/money.ts';
import { isWebOrigin } from '../core/web-origin.ts';
import { isAddressRange } from './address-ranges.ts';
import { isSubstitutedText } from './config-file.ts';
import { parseAllowedHost } from './outbound-hosts.ts';
import { createSecret } from './secret.ts';

/** Separates the known keys in the message of an unknown-key issue (see config-schema.ts). */
export const KEY_SEPARATOR = ', ';

const plainText = (value: unknown): unknown => (isSubstitutedText(value) ? value.text : value);
const plainNumber = (value: unknown): unknown => {
  if (!isSubstitutedText(value)) return value;
  return /^\s*-?\d+(?:\.\d+)?\s*$/.test(value.text) ? Number(value.text) : value.text;
};
const plainFlag = (value: unknown): unknown => {
  if (!isSubstitutedText(value)) return value;
  return ({ true: true, false: false } as Record<string, boolean>)[value.text] ?? value.text;
};

/** A mapping that refuses keys it does not know. Keys whose capability is to come are known, and refused by name. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  comingKeys: Readonly<Record<string, string>> = {},
) {
  const coming = Object.fromEntries(
    Object.entries(comingKeys).map(([key, what]) => [key, z.undefined({ error: notSupported(what) }).optional()]),
  );
  const known = Object.keys(shape).join(KEY_SEPARATOR);
  return z.strictObject(
    // Coming keys are never present in what passes, so the type need not know them.
    { ...coming, ...shape } as Shape,
    { error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'a mapping (key: value)') },
  );
}

export const notSupported = (what: string): string => `${what} is not supported by this version`;

/** A mapping of whatever keys. */
export function anyMapping() {
  return z.preprocess(plainText, z.looseObject({}, { error: 'a mapping (key: value)' }));
}

/** Filled in from a variable that is empty or not set (`${NAME:-}`), it is not there. */
export function optionalText<Field extends z.ZodType>(field: Field) {
  return z.preprocess((value) => (plainText(value) === '' ? undefined : value), field.optional());
}

export function wholeNumber(from: number, to: number) {
  const error = `a whole number from ${from} to ${to}`;
  return z.preprocess(plainNumber, z.int({ error }).min(from, { error }).max(to, { error }));
}

export function flag() {
  return z.preprocess(plainFlag, z.boolean({ error: 'true or false' }));
}

export function text(pattern: RegExp, expected: string) {
  return z.preprocess(plainText, z.string({ error: expected }).regex(pattern, { error: expected }));
}

/** `coming`: values that are known, and refused by name. */
export function choice<const Value extends string>(values: readonly Value[], coming: readonly string[] = []) {
  return z.preprocess(
    plainText,
    z.enum(values, {
      error: ({ input }) => {
        const expected = values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
        return coming.includes(String(input)) ? `${expected} (${notSupported(String(input))})` : expected;
      },
    }),
  );
}

export function list<Item extends z.ZodType>(item: Item, expected: string) {
  return z.array(item, { error: expected });
}

/** Hidden from the moment it is read. */
export function secret(pattern: RegExp, expected: string) {
  return z
    .preprocess(plainText, z.string({ error: expected }).regex(pattern, { error: expected }))
    .transform(createSecret);
}

/** Settings as they are meant: what came from the environment is text. */
export function plainSettings(value: unknown): unknown {
  if (isSubstitutedText(value)) return value.text;
  if (Array.isArray(value)) return value.map(plainSettings);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainSettings(item)]));
}

/** USD per one million tokens → integer micro-USD. Text only: YAML reads an unquoted 0.1 as a floating-point number. */
export function price() {
  const error = 'USD per 1M tokens as a decimal in quotes, like "2.50", from 0 to 1000000, at most 6 decimals';
  return z.preprocess(plainText, z.string({ error })).transform((value, context) => {
    const microUsd = parseMicroUsd(value);
    if (microUsd !== undefined && microUsd <= MOST_MICRO_USD) return microUsd;
    context.issues.push({ code: 'custom', message: error, input: value });
    return z.NEVER;
  });
}

const MOST_MICRO_USD = 1_000_000_000_000n;

/** An http(s) address without a slash at its end. Credentials in it would end up in logs. */
export function webAddress() {
  const error = 'an http:// or https:// address without user name, password and fragment';
  return z.preprocess(plainText, z.string({ error })).transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const fits = url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === '';
    if (fits) return `${url.origin}${url.pathname.replace(/\/+$/, '')}${url.search}`;
    context.issues.push({ code: 'custom', message: error, input: value });
    return z.NEVER;
  });
}

/** An http(s) address as it was written: the slash at its end is part of it. */
export function exactAddress() {
  const error = 'an http:// or https:// address without user name, password and fragment';
  const fits = (value: string): boolean =>
    /^https?:\/\/[^@#\\]+$/i.test(value) && URL.canParse(value) && new URL(value).username === '';
  return z.preprocess(plainText, z.string({ error }).refine(fits, { error }));
}

/** Names that the file makes up → values. */
export function mappingOf<Value extends z.ZodType>(value: Value, expected: string) {
  return z.record(z.string().min(1, { error: expected }).max(256, { error: expected }), value, { error: expected });
}

/** An IP address, or a range of them. */
export function addressRange() {
  const error = 'an IP address or a range of them, like 10.0.0.7, 10.0.0.0/8 or fd00::/8';
  return z.preprocess(plainText, z.string({ error }).refine(isAddressRange, { error }));
}

/** As browsers send it in `Origin`, or `*` for any. */
export function origin() {
  const error = 'an origin like https://app.example.com (scheme, host and port, nothing after it), or "*"';
  return z.preprocess(
    plainText,
    z.string({ error }).refine((value) => value === '*' || isWebOrigin(value), { error }),
  );
}

/** As browsers send it in `Origin`. */
export function webOrigin() {
  const error = 'an origin like https://app.example.com (scheme, host and port, nothing after it)';
  return z.preprocess(plainText, z.string({ error }).refine(isWebOrigin, { error }));
}

/** A moment, as milliseconds since the epoch. */
export function dateTime() {
  const error = 'a moment with its time zone, like 2027-01-31T00:00:00Z or 2027-01-31T01:00:00+01:00';
  return z.preprocess(plainText, z.iso.datetime({ offset: true, error })).transform((value) => Date.parse(value));
}

/** A host that addresses from outside may lead to although it is not on the public internet. */
export function allowedHost() {
  const error = 'a host name or IP address, maybe with a port, like images.example.internal or "[fd00::7]:8443"';
  return z.preprocess(plainText, z.string({ error })).transform((value, context) => {
    const host = parseAllowedHost(value);
    if (host !== undefined) return host;
    context.issues.push({ code: 'custom', message: error, input: value });
    return z.NEVER;
  });
}
