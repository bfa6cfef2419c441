// What fields of the configuration file must agree on: ids that are unique, targets that exist, addresses that are safe.
// It works on the file as read, whole or not, so that these problems are told beside those of its shape.

import { PROVIDER_KIND_FACTS, PROVIDER_KINDS } from '../core/provider-kinds.ts';
import type { ConfigProblem } from './config-errors.ts';
import { formatPath, nearestName } from './config-errors.ts';
import { type ConfigFile, isSubstitutedText } from './config-file.ts';
import { formOfOthers } from './config-keys.ts';
import { describeField } from './config-schema.ts';
import { checkSignIn } from './config-sign-in-checks.ts';
import {
  isMapping,
  isTrue,
  itemsOf,
  listOf,
  type Mapping,
  mappingAt,
  numberOf,
  type Report,
  textOf,
  textsOf,
} from './config-values.ts';
import { isLoopbackHost } from './loopback-host.ts';

export const SIMULATOR_PROVIDER = 'simulator';
export const SIMULATOR_MODELS = ['sim-fast', 'sim-smart'] as const;

/** True when the file itself says which providers to use. */
export const namesProviders = (file: ConfigFile | undefined): boolean => itemsOf(file?.value, ['providers']).length > 0;

export function checkFile(file: ConfigFile): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, found, expected) => {
    problems.push({ place: file.name, line: file.lineOf(path), field: formatPath(path), found, expected });
  };
  const providers = itemsOf(file.value, ['providers']);
  const models = itemsOf(file.value, ['models']);
  const apiKeys = itemsOf(file.value, ['auth', 'apiKeys']);
  const withSimulator = providers.length === 0;

  const reportRepeated = (
    items: readonly Mapping[],
    path: readonly PropertyKey[],
    field: string,
    what: string,
  ): void => {
    const seen = new Map<string, number>();
    items.forEach((item, index) => {
      const value = textOf(item[field]);
      if (value === undefined) return;
      const first = seen.get(value);
      if (first === undefined) seen.set(value, index);
      else {
        const firstField = formatPath([...path, first, field]);
        report([...path, index, field], `the same ${what} as ${firstField}`, 'one of its own');
      }
    });
  };
  reportRepeated(providers, ['providers'], 'id', 'id');
  reportRepeated(models, ['models'], 'id', 'id');
  reportRepeated(apiKeys, ['auth', 'apiKeys'], 'name', 'name');
  reportRepeated(apiKeys, ['auth', 'apiKeys'], 'key', 'key');

  providers.forEach((provider, index) => {
    checkProvider(provider, (field, found, expected) => report(['providers', index, field], found, expected));
  });

  const providerIds = withSimulator ? [SIMULATOR_PROVIDER] : textsOf(providers, 'id');
  const modelIds = [...textsOf(models, 'id'), ...(withSimulator ? SIMULATOR_MODELS : [])];
  if (!withSimulator && models.length === 0)
    report(['models'], 'nothing', 'at least one model that uses the providers');
  models.forEach((model, index) => {
    checkModel(model, (path, found, expected) => report(['models', index, ...path], found, expected));
    if (withSimulator && SIMULATOR_MODELS.some((id) => id === textOf(model['id']))) {
      report(
        ['models', index, 'id'],
        describeField([], model['id']),
        'another id: the simulator offers a model of this name',
      );
    }
    itemsOf(model, ['targets']).forEach((target, position) => {
      const id = textOf(target['provider']);
      if (id === undefined || mayBeAmong(providerIds, id)) return;
      const path = ['models', index, 'targets', position, 'provider'];
      report(
        path,
        describeField(path, target['provider']),
        `the id of a provider of this file${suggest(id, providerIds)}`,
      );
    });
  });

  checkDocumentModes(file.value, report);
  checkSignIn(file.value, report);
  apiKeys.forEach((apiKey, index) => {
    const path = ['auth', 'apiKeys', index];
    if (textOf(apiKey['name']) === 'admin') {
      report([...path, 'name'], '"admin"', 'another name: this one belongs to the admin key');
    }
    if (textOf(apiKey['name'])?.startsWith('key_')) {
      report([...path, 'name'], 'a name that begins with key_', 'another name: ids of keys in the database begin so');
    }
    const form = formOfOthers(textOf(apiKey['key']) ?? '');
    if (form !== undefined) report([...path, 'key'], form.found, form.expected);
    listOf(apiKey['allowedModels']).forEach((entry, position) => {
      const id = textOf(entry);
      if (id === undefined || mayBeAmong(modelIds, id)) return;
      const at = [...path, 'allowedModels', position];
      report(at, describeField(at, entry), `the id of a model of this file${suggest(id, modelIds)}`);
    });
  });
  return problems;
}

/** Modes that know documents by their id need a manifest to look in. */
function checkDocumentModes(root: unknown, report: Report): void {
  const settings = mappingAt(root, ['server', 'trustedDocuments']);
  if (settings['manifest'] !== undefined) return;
  const modes: [path: readonly PropertyKey[], mode: unknown][] = [
    [['server', 'trustedDocuments', 'mode'], settings['mode']],
    [['auth', 'adminDocumentMode'], mappingAt(root, ['auth'])['adminDocumentMode']],
    ...itemsOf(root, ['auth', 'apiKeys']).map(({ documentMode }, index): [readonly PropertyKey[], unknown] => [
      ['auth', 'apiKeys', index, 'documentMode'],
      documentMode,
    ]),
  ];
  for (const [path, mode] of modes) {
    if (mode === undefined || textOf(mode) === 'off') continue;
    report(path, describeField(path, mode), 'off, or a manifest in server.trustedDocuments.manifest');
  }
}

function checkProvider(provider: Mapping, report: (field: string, found: string, expected: string) => void): void {
  const kind = textOf(provider['kind']);
  const baseUrl = textOf(provider['baseUrl']);
  const known = PROVIDER_KINDS.find((candidate) => candidate === kind);
  const facts = known && PROVIDER_KIND_FACTS[known];
  if (facts) checkPackage(provider, facts.isPackage === true, report);
  if (facts?.isPackage) return;
  checkPreviousKey(provider, report);
  if (facts && facts.baseUrl === undefined && baseUrl === undefined) {
    report(
      'baseUrl',
      'nothing',
      `the address of the server, e.g. http://127.0.0.1:8080/v1 (kind ${kind} has none of its own)`,
    );
  }
  if (facts?.keyVariable !== undefined && baseUrl === undefined && provider['apiKey'] === undefined) {
    report('apiKey', 'nothing', `the key of the provider, e.g. "\${${facts.keyVariable}}"`);
  }
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return;
  const url = new URL(baseUrl);
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname) && !isTrue(provider['allowInsecure'])) {
    const expected = 'https://, or allowInsecure: true to send prompts and keys unencrypted';
    report('baseUrl', describeField(['baseUrl'], provider['baseUrl']), expected);
  }
}

function checkPackage(
  provider: Mapping,
  isPackage: boolean,
  report: (field: string, found: string, expected: string) => void,
): void {
  const kind = textOf(provider['kind']);
  if (!isPackage) {
    for (const field of ['package', 'factory', ...SETTINGS].filter((name) => provider[name] !== undefined)) {
      report(field, describeField([field], provider[field]), `kind: ai-sdk to go with it (${kind} has no package)`);
    }
    return;
  }
  if (provider['package'] === undefined) {
    report('package', 'nothing', 'the npm package that speaks to the provider, e.g. "@ai-sdk/amazon-bedrock"');
  }
  for (const [field, setting] of [
    ['baseUrl', 'baseURL'],
    ['apiKey', 'apiKey'],
    ['previousApiKey', 'apiKey'],
  ] as const) {
    if (provider[field] === undefined) continue;
    const place = field === 'previousApiKey' ? 'previousSettings' : 'settings';
    report(field, describeField([field], provider[field]), `${place}: { ${setting}: ... }, as the package calls it`);
  }
  for (const place of SETTINGS) {
    const settings = provider[place];
    if (!isMapping(settings)) continue;
    if (settings['fetch'] !== undefined)
      report(`${place}.fetch`, 'a setting', 'none: requests go out over connections of this server');
    if (isTrue(provider['allowInsecure'])) continue;
    for (const [path, text] of textsIn(settings, place)) {
      const url = /^http:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || isLoopbackHost(url.hostname)) continue;
      report(
        path,
        describeField([place], text),
        'https://, or allowInsecure: true to send prompts and keys unencrypted',
      );
    }
  }
}

/** A second key stands beside the one that takes its place, and is another one. */
function checkPreviousKey(provider: Mapping, report: (field: string, found: string, expected: string) => void): void {
  const [key, previous] = [textOf(provider['apiKey']), textOf(provider['previousApiKey'])];
  if (previous === undefined || previous === '') return;
  if (provider['apiKey'] === undefined) {
    report('previousApiKey', 'a key alone', 'apiKey beside it: the key that takes its place');
  } else if (key === previous) {
    report('previousApiKey', 'the same key as apiKey', 'the key that apiKey takes the place of, or none');
  }
}

/** Handed to packages. */
const SETTINGS = ['settings', 'previousSettings'] as const;

/** All texts in a tree of settings: path, text, and whether it stands in the file itself. */
function textsIn(value: unknown, path: string): readonly (readonly [string, string, boolean])[] {
  const text = textOf(value);
  if (text !== undefined) return [[path, text, !isSubstitutedText(value)]];
  if (Array.isArray(value)) return value.flatMap((item, index) => textsIn(item, `${path}[${index}]`));
  return isMapping(value) ? Object.entries(value).flatMap(([key, item]) => textsIn(item, `${path}.${key}`)) : [];
}

function checkModel(model: Mapping, report: (path: readonly string[], found: string, expected: string) => void): void {
  const contextWindow = numberOf(model['contextWindow']);
  const most = numberOf(model['maxOutputTokens']);
  const usual = numberOf(model['defaultMaxOutputTokens']);
  if (most !== undefined && contextWindow !== undefined && most > contextWindow) {
    report(['maxOutputTokens'], String(most), `at most contextWindow (${contextWindow})`);
  }
  const [ceiling, ceilingName] = most === undefined ? [contextWindow, 'contextWindow'] : [most, 'maxOutputTokens'];
  if (usual !== undefined && ceiling !== undefined && usual > ceiling) {
    report(['defaultMaxOutputTokens'], String(usual), `at most ${ceilingName} (${ceiling})`);
  }
  const capabilities = model['capabilities'];
  if (Array.isArray(capabilities) && !capabilities.some((capability) => textOf(capability) === 'TEXT')) {
    report(['capabilities'], 'a list without TEXT', 'TEXT among them');
  }
}

const INTROSPECTION = ['auth', 'introspection'] as const;
const SECRET_SETTING = /(?:key|secret|token|password|credentials?|authorization)(?:\[\d+\])?$/i;

/** Places of secrets that stand in the file itself. */
export function literalSecrets(file: ConfigFile): readonly string[] {
  const places: string[] = [];
  const look = (path: readonly string[], field: string): void => {
    itemsOf(file.value, path).forEach((item, index) => {
      const fieldPath = [...path, index, field];
      if (typeof item[field] === 'string')
        places.push(`${file.name}:${file.lineOf(fieldPath)} ${formatPath(fieldPath)}`);
    });
  };
  look(['auth', 'apiKeys'], 'key');
  look(['providers'], 'apiKey');
  look(['providers'], 'previousApiKey');
  if (typeof mappingAt(file.value, INTROSPECTION)['clientSecret'] === 'string') {
    const field = [...INTROSPECTION, 'clientSecret'];
    places.push(`${file.name}:${file.lineOf(field)} ${formatPath(field)}`);
  }
  itemsOf(file.value, ['providers']).forEach((provider, index) => {
    for (const [path, , isLiteral] of SETTINGS.flatMap((place) => textsIn(provider[place], place))) {
      if (!isLiteral || !SECRET_SETTING.test(path)) continue;
      const field = ['providers', index, path];
      places.push(`${file.name}:${file.lineOf(field)} ${formatPath(field)}`);
    }
  });
  return places;
}

/** An empty id, which is told elsewhere (a variable that is not set), might have been any. */
const mayBeAmong = (known: readonly string[], id: string): boolean => known.includes(id) || known.includes('');

function suggest(id: string, known: readonly string[]): string {
  if (known.length === 0) return ' (it has none)';
  const nearest = nearestName(id, known);
  if (nearest !== undefined) return `: did you mean "${nearest}"?`;
  return known.length > 12 ? '' : ` (${known.join(', ')})`;
}
