// The shape of the configuration file: every key, its range and its default. What several fields must agree on is
// checked in config-checks.ts, so that a mistake in one place hides none in another.

import type { z } from 'zod';
import { ACCESS_SCOPES, DEFAULT_SCOPES, DOCUMENT_MODES } from '../core/caller.ts';
import { PROVIDER_KINDS } from '../core/provider-kinds.ts';
import { FACTORY_NAME, PACKAGE_NAME } from './config-ai-sdk.ts';
import type { ConfigProblem } from './config-errors.ts';
import { describeLength, describeValue, formatPath, nearestName } from './config-errors.ts';
import {
  addressRange,
  allowedHost,
  anyMapping,
  choice,
  dateTime,
  flag,
  KEY_SEPARATOR,
  list,
  notSupported,
  optionalText,
  origin,
  price,
  secret,
  section,
  text,
  webAddress,
  webOrigin,
  wholeNumber,
} from './config-fields.ts';
import { type ConfigFile, isSubstitutedText } from './config-file.ts';
import { introspection, jwtIssuer } from './config-sign-in.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_TOKENS = 100_000_000;
const MOST = 1_000_000_000;

const name = () => text(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, ".", "_" or "-"');
const modelName = () => text(/^[\x21-\x7e]{1,128}$/, '1 to 128 printable ASCII characters without spaces');
const filePath = () => text(/^[^\0]{1,4096}$/, 'the path of a file');
const milliseconds = (from: number, to = HOUR_MS) => wholeNumber(from, to);

const documentMode = () => choice(DOCUMENT_MODES);

const server = section({
  host: text(/^[A-Za-z0-9.:_-]{1,255}$/, 'a host name or IP address').optional(),
  port: wholeNumber(0, 65_535).optional(),
  publicUrl: webAddress().optional(),
  allowedOrigins: list(origin(), 'a list of origins').default([]),
  introspection: flag().optional(),
  tls: section({ certFile: filePath(), keyFile: filePath() }).optional(),
  trustedProxies: list(addressRange(), 'a list of IP addresses or ranges of them').default([]),
  maxConnections: wholeNumber(1, MOST).default(20_000),
  trustedDocuments: section({
    mode: documentMode().default('off'),
    manifest: text(/^[^\0]{1,4096}$/, 'the path of a manifest').optional(),
  }).prefault({}),
});

const apiKey = section({
  name: name(),
  key: secret(/^[\x21-\x7e]{32,256}$/, 'a key of 32 to 256 printable ASCII characters without spaces'),
  roles: list(choice(['MEMBER', 'ADMIN', 'OPERATOR']), 'a list of roles')
    .min(1, { error: 'at least one role' })
    .default(['MEMBER']),
  scopes: list(choice(ACCESS_SCOPES), 'a list of scopes')
    .min(1, { error: 'at least one scope, or no scopes at all' })
    .default([...DEFAULT_SCOPES]),
  allowedModels: list(modelName(), 'a list of model ids')
    .min(1, { error: 'at least one model id, or no allowedModels at all' })
    .optional(),
  allowedOrigins: list(webOrigin(), 'a list of origins')
    .min(1, { error: 'at least one origin, or no allowedOrigins at all' })
    .optional(),
  allowedCidrs: list(addressRange(), 'a list of IP addresses or ranges of them')
    .min(1, { error: 'at least one address, or no allowedCidrs at all' })
    .optional(),
  documentMode: documentMode().optional(),
  endUsers: flag().default(false),
  expiresAt: dateTime().optional(),
});

const providerKey = () =>
  secret(/^[\x21-\x7e]{1,4096}$/, 'a key of printable ASCII characters without spaces or line breaks');

const provider = section(
  {
    id: name(),
    kind: choice(PROVIDER_KINDS),
    baseUrl: webAddress().optional(),
    apiKey: providerKey().optional(),
    previousApiKey: optionalText(providerKey()),
    allowInsecure: flag().default(false),
    package: text(PACKAGE_NAME, 'the name of an npm package, without a path').optional(),
    factory: text(FACTORY_NAME, 'the name of a function that the package exports').optional(),
    // What is in it goes to the package as it is (config-ai-sdk.ts).
    settings: anyMapping().optional(),
    previousSettings: anyMapping().optional(),
    caFile: text(/^[^\0]{1,4096}$/, 'the path of a PEM file').optional(),
    allowedOptions: list(
      text(/^[A-Za-z][\w.-]{0,63}$/, 'the name of a parameter of the provider'),
      'a list of names of parameters',
    ).default([]),
  },
  { quota: 'a provider quota' },
);

const prices = section({
  input: price(),
  cachedInput: price().optional(),
  cacheWrite: price().optional(),
  output: price(),
});

const timeouts = section({
  connectMs: milliseconds(1).default(5_000),
  firstTokenMs: milliseconds(1).default(60_000),
  idleMs: milliseconds(1).default(30_000),
  totalMs: milliseconds(1).default(120_000),
});

export const DEFAULT_TIMEOUTS: z.output<typeof timeouts> = timeouts.parse({});

const target = section({ provider: name(), model: modelName() }, { weight: 'the weight of a target' });

const model = section(
  {
    id: modelName(),
    targets: list(target, 'a list with one target, e.g. [{ provider: openai, model: gpt-4o }]')
      .min(1, { error: 'one target' })
      .max(1, { error: notSupported('one target; more than one target per model') }),
    contextWindow: wholeNumber(1, MOST_TOKENS).optional(),
    maxOutputTokens: wholeNumber(1, MOST_TOKENS).optional(),
    defaultMaxOutputTokens: wholeNumber(1, MOST_TOKENS).optional(),
    prices: prices.optional(),
    capabilities: list(
      choice(['TEXT', 'STREAM', 'TOOLS', 'JSON_SCHEMA', 'IMAGES', 'REASONING'], ['EMBEDDINGS']),
      'a list of capabilities',
    ).optional(),
    timeouts: timeouts.prefault({}),
  },
  { cache: 'the response cache', weight: 'the weight of a model' },
);

const operationLimits = section(
  {
    depth: wholeNumber(1, 1_000).default(10),
    aliases: wholeNumber(0, 10_000).default(15),
    rootFields: wholeNumber(1, 1_000).default(10),
    directives: wholeNumber(0, 10_000).default(10),
    fields: wholeNumber(1, 100_000).default(500),
    tokens: wholeNumber(1, 1_000_000).default(1_000),
    nameCharacters: wholeNumber(16, 1_000_000).default(256),
    listItems: wholeNumber(1, 100_000).default(100),
    messages: wholeNumber(1, 100_000).default(1_000),
    anonymousBodyBytes: wholeNumber(1_024, 16 * 1024 * 1024).default(64 * 1024),
    bodyBytes: wholeNumber(1_024, 256 * 1024 * 1024).default(4 * 1024 * 1024),
    timeoutMs: milliseconds(1).default(30_000),
  },
  { points: 'the limit on cost points' },
);

const streams = section({
  graceMs: milliseconds(0).default(30_000),
  coalesceMs: milliseconds(0, 10_000).default(40),
  retentionMs: milliseconds(0, DAY_MS).default(900_000),
  stalledReaderMs: milliseconds(100).default(15_000),
});

const sockets = section({
  perUser: wholeNumber(1, MOST).default(10),
  perKey: wholeNumber(1, MOST).default(1_000),
  operationsPerUser: wholeNumber(1, MOST).default(20),
  operationsPerKey: wholeNumber(1, MOST).default(5_000),
});

const throttle = section({
  failedSignInsPerMinute: wholeNumber(1, MOST).default(60),
  unauthenticatedPerMinute: wholeNumber(1, MOST).default(600),
  upgradesPerMinute: wholeNumber(1, MOST).default(600),
});

const generations = section({
  maxAnswerBytes: wholeNumber(1_024, 256 * 1024 * 1024).default(4 * 1024 * 1024),
  defaultMaxOutputTokens: wholeNumber(1, MOST_TOKENS).default(4_096),
});

const outbound = section({
  allowedHosts: list(allowedHost(), 'a list of hosts').default([]),
  timeoutMs: milliseconds(1, 10 * 60_000).default(10_000),
  maxBytes: wholeNumber(1_024, 256 * 1024 * 1024).default(8 * 1024 * 1024),
  maxRedirects: wholeNumber(0, 20).default(3),
  // At least what one call may hold at one time, or it could never begin.
  maxBytesInFlight: wholeNumber(32 * 1024 * 1024, 16 * 1024 * 1024 * 1024).default(128 * 1024 * 1024),
  maxFetchesAtOnce: wholeNumber(1, 1_024).default(16),
});

const fileSchema = section(
  {
    server: server.prefault({}),
    auth: section({
      apiKeys: list(apiKey, 'a list of keys').default([]),
      adminDocumentMode: documentMode().optional(),
      cacheSeconds: wholeNumber(10, 3_600).default(300),
      cachedKeys: wholeNumber(100, 1_000_000).default(10_000),
      secretRolloutSeconds: wholeNumber(0, 86_400).default(600),
      jwt: list(jwtIssuer, 'a list of issuers').default([]),
      introspection: introspection.optional(),
    }).prefault({}),
    providers: list(provider, 'a list of providers').default([]),
    models: list(model, 'a list of models').default([]),
    streams: streams.prefault({}),
    shutdown: section({ graceMs: milliseconds(0).default(130_000) }).prefault({}),
    operationLimits: operationLimits.prefault({}),
    sockets: sockets.prefault({}),
    throttle: throttle.prefault({}),
    idempotency: section({ retentionHours: wholeNumber(1, 24 * 31).default(24) }).prefault({}),
    generations: generations.prefault({}),
    outbound: outbound.prefault({}),
  },
  {
    limits: 'a limit on requests, tokens or money',
    budgets: 'a budget',
    cluster: 'running as a cluster',
    guards: 'a guard',
    alerts: 'an alert',
  },
).prefault({});

/** A file that fits the shape; its parts may still contradict each other (config-checks.ts). */
export type FileConfig = z.output<typeof fileSchema>;

export const emptyFileConfig = (): FileConfig => fileSchema.parse({});

/** The file in our types, with defaults, or what is wrong with its shape. */
export function readShape(file: ConfigFile): {
  readonly config: FileConfig | undefined;
  readonly problems: readonly ConfigProblem[];
} {
  const result = fileSchema.safeParse(file.value);
  if (result.success) return { config: result.data, problems: [] };
  return { config: undefined, problems: result.error.issues.flatMap((issue) => toProblems(issue, file)) };
}

function toProblems(issue: z.core.$ZodIssue, file: ConfigFile): ConfigProblem[] {
  const at = (path: readonly PropertyKey[]) => ({ place: file.name, line: file.lineOf(path), field: formatPath(path) });
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(KEY_SEPARATOR);
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      const meant = nearest === undefined ? `; known here: ${issue.message}` : `; did you mean "${nearest}"?`;
      return { ...at([...issue.path, key]), found: undefined, expected: `unknown key${meant}` };
    });
  }
  const value = valueAt(file.value, issue.path);
  // Keys that are to come: what stands in them does not matter.
  if (issue.code === 'invalid_type' && issue.expected === 'undefined') {
    return [{ ...at(issue.path), found: undefined, expected: issue.message }];
  }
  return [{ ...at(issue.path), found: describeField(issue.path, value), expected: issue.message }];
}

const SECRET_FIELDS: readonly PropertyKey[] = [
  'key',
  'apiKey',
  'previousApiKey',
  'clientSecret',
  'settings',
  'previousSettings',
];

export function describeField(path: readonly PropertyKey[], value: unknown): string {
  if (isSubstitutedText(value)) return `the value of ${value.source} (${describeLength(value.text)})`;
  const holdsSecret = path.some((part) => SECRET_FIELDS.includes(part));
  return holdsSecret && typeof value === 'string' ? describeLength(value) : describeValue(value);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((current, part) => {
    if (typeof current !== 'object' || current === null) return undefined;
    return (current as Record<PropertyKey, unknown>)[part];
  }, value);
}
