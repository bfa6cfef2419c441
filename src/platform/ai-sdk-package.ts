// An installed provider package of the Vercel AI SDK, loaded by its name. Packages agree on little but this: an export
// `createXxx` takes settings and gives a provider, which gives language models of a specification.

import { hash } from 'node:crypto';
import { errorCode } from './error-code.ts';
import type { Secret } from './secret.ts';

export interface AiSdkPackage {
  readonly name: string;
  /** Equal for equal options. */
  readonly fingerprint: string;
  /** The same with the settings that are to go, while others take their place. Default: there are none. */
  readonly previous?: AiSdkPackage | undefined;
  /** The package's provider, made of its settings; it fetches with `fetch`. */
  create(fetch: typeof globalThis.fetch): AiSdkPackageProvider;
}

export interface AiSdkPackageProvider {
  /** A language model of a supported specification; what it is to those who call it stands in providers/ai-sdk. */
  languageModel(modelId: string): unknown;
}

/** Where the package is no good: the field to blame, what was found there, what would be right. */
export interface AiSdkProblem {
  readonly field: 'package' | 'factory' | 'settings' | 'previousSettings';
  readonly found: string;
  readonly expected: string;
}

export interface AiSdkPackageOptions {
  readonly name: string;
  /** The export that makes the provider; undefined: the one that is called like the package. */
  readonly factory: string | undefined;
  /** A mapping as JSON. */
  readonly settings: Secret;
  /** The same; those of `settings` hold where it says nothing. Default: there is only one credential. */
  readonly previousSettings?: Secret | undefined;
}

/** What a package leaves out unless told, and this server counts on; settings of the configuration win. */
const USUAL_SETTINGS: Readonly<Record<string, object>> = {
  // Else a stream tells no usage, and what it costs is estimated.
  '@ai-sdk/openai-compatible': { includeUsage: true },
};

const SPECIFICATIONS: readonly unknown[] = ['v3', 'v4'];

type Exports = Readonly<Record<string, unknown>>;
type Create = (settings: object) => unknown;

export async function loadAiSdkPackage(options: AiSdkPackageOptions): Promise<AiSdkPackage | AiSdkProblem> {
  const { name, settings } = options;
  let exports: Exports;
  try {
    exports = (await import(name)) as Exports;
  } catch (error) {
    return notLoaded(name, error);
  }
  const create = findFactory(exports, options);
  if (typeof create !== 'function') return create;
  const withSettings = (own: object, previous: AiSdkPackage | undefined): AiSdkPackage => ({
    name,
    previous,
    fingerprint: hash('sha256', JSON.stringify([name, options.factory, own, previous?.fingerprint])),
    create: (fetch) => {
      const provider = create({ ...USUAL_SETTINGS[name], ...structuredClone(own), fetch });
      return { languageModel: (modelId) => languageModelOf(provider, modelId) };
    },
  });
  const current = JSON.parse(settings.reveal()) as object;
  const previous = options.previousSettings && (JSON.parse(options.previousSettings.reveal()) as object);
  return withSettings(current, previous && withSettings({ ...current, ...previous }, undefined));
}

/** Whether the settings make a provider, and a provider the models that are wanted of it: nothing is sent for that. */
export function checkAiSdkPackage(loaded: AiSdkPackage, modelIds: readonly string[]): AiSdkProblem | undefined {
  const problem = checkOne(loaded, modelIds);
  if (problem !== undefined || loaded.previous === undefined) return problem;
  const ofPrevious = checkOne(loaded.previous, modelIds);
  return ofPrevious && { ...ofPrevious, field: 'previousSettings' };
}

function checkOne(loaded: AiSdkPackage, modelIds: readonly string[]): AiSdkProblem | undefined {
  let provider: AiSdkPackageProvider;
  try {
    provider = loaded.create(() => Promise.reject(new Error('nothing is fetched before the start')));
  } catch (error) {
    return { field: 'settings', found: `settings that ${loaded.name} refuses${reasonOf(error)}`, expected: 'others' };
  }
  for (const modelId of modelIds) {
    const specification = specificationOf(provider, modelId);
    if (SPECIFICATIONS.includes(specification)) continue;
    const told =
      typeof specification === 'string' && /^v\d{1,3}$/.test(specification) ? ` of specification ${specification}` : '';
    return {
      field: 'package',
      found: `a package whose language models are${told === '' ? ' of no known specification' : told}`,
      expected: `specification v3 or v4: install a version that has it (npm install --save-exact ${loaded.name}@latest)`,
    };
  }
  return undefined;
}

function notLoaded(name: string, error: unknown): AiSdkProblem {
  const code = errorCode(error);
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  const text =
    error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error)
      ? String((error as Error).message)
      : '';
  const found =
    isMissing && text.includes(`'${name}'`)
      ? `"${name}", which is not installed`
      : `"${name}", which cannot be loaded${code === undefined ? '' : ` (${code})`}`;
  return { field: 'package', found, expected: `a package that is installed: npm install --save-exact ${name}` };
}

const bareName = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

function findFactory(exports: Exports, { name, factory }: AiSdkPackageOptions): Create | AiSdkProblem {
  const factories = Object.keys(exports).filter(
    (key) => /^create[A-Z]/.test(key) && typeof exports[key] === 'function',
  );
  const own = `create${bareName(name.slice(name.lastIndexOf('/') + 1))}`;
  const chosen =
    factory ?? factories.find((key) => bareName(key) === own) ?? (factories.length === 1 ? factories[0] : undefined);
  const create = chosen === undefined ? undefined : exports[chosen];
  if (typeof create === 'function') return create as Create;
  const known = factories.length === 0 ? '' : `: ${factories.join(', ')}`;
  if (factory !== undefined) {
    return {
      field: 'factory',
      found: `"${factory}", which ${name} does not export`,
      expected: `a function of ${name}${known}`,
    };
  }
  return factories.length === 0
    ? {
        field: 'package',
        found: `"${name}", which exports no function createXxx`,
        expected: 'a provider package of the AI SDK, or its factory by name',
      }
    : { field: 'factory', found: 'nothing', expected: `which function of ${name} makes the provider${known}` };
}

function languageModelOf(provider: unknown, modelId: string): unknown {
  const { languageModel } = (provider ?? {}) as { readonly languageModel?: unknown };
  const make = typeof languageModel === 'function' ? languageModel : provider;
  if (typeof make !== 'function') throw new Error('The package gives no language models.');
  return (make as (id: string) => unknown).call(provider, modelId);
}

function specificationOf(provider: AiSdkPackageProvider, modelId: string): unknown {
  try {
    const model = provider.languageModel(modelId) as { readonly specificationVersion?: unknown } | null | undefined;
    return model?.specificationVersion;
  } catch {
    return undefined;
  }
}

/** Texts of these two name a setting and no value; others are not shown. */
function reasonOf(error: unknown): string {
  const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown };
  const mayShow = name === 'AI_LoadSettingError' || name === 'AI_LoadAPIKeyError';
  return mayShow && typeof message === 'string' ? ` (${message.split('\n')[0]?.slice(0, 200)})` : '';
}
