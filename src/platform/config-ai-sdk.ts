// The packages that providers of kind ai-sdk name, loaded and tried at load: what is wrong with one is told with the
// other problems of the file, and not by the first call.

import { type AiSdkPackage, checkAiSdkPackage, loadAiSdkPackage } from './ai-sdk-package.ts';
import { type ConfigProblem, formatPath } from './config-errors.ts';
import { plainSettings } from './config-fields.ts';
import { type ConfigFile, isSubstitutedText } from './config-file.ts';
import { createSecret, type Secret } from './secret.ts';

/** As npm has them, without a path into the package. */
export const PACKAGE_NAME = /^(?=.{1,214}$)(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/;
export const FACTORY_NAME = /^[A-Za-z_$][\w$]{0,63}$/;

export interface AiSdkPackages {
  /** By the position of the provider. */
  readonly packages: ReadonlyMap<number, AiSdkPackage>;
  readonly problems: readonly ConfigProblem[];
}

type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isSubstitutedText(value);
const listOf = (value: unknown): readonly Mapping[] =>
  Array.isArray(value) ? value.map((item) => (isMapping(item) ? item : {})) : [];
const textOf = (value: unknown): string | undefined =>
  isSubstitutedText(value) ? value.text : typeof value === 'string' ? value : undefined;

/** Of a file as read, whole or not: what does not fit the shape is told by others, and left out here. */
export async function loadAiSdkPackages(file: ConfigFile): Promise<AiSdkPackages> {
  const packages = new Map<number, AiSdkPackage>();
  const problems: ConfigProblem[] = [];
  const root = isMapping(file.value) ? file.value : {};
  for (const [index, provider] of listOf(root['providers']).entries()) {
    const name = textOf(provider['package']);
    const factory = textOf(provider['factory']);
    if (textOf(provider['kind']) !== 'ai-sdk' || name === undefined || !PACKAGE_NAME.test(name)) continue;
    if (factory !== undefined && !FACTORY_NAME.test(factory)) continue;
    const { settings, previousSettings } = provider;
    const loaded = await loadAiSdkPackage({
      name,
      factory,
      settings: asSecret(isMapping(settings) ? settings : {}),
      previousSettings: isMapping(previousSettings) ? asSecret(previousSettings) : undefined,
    });
    const problem = 'field' in loaded ? loaded : checkAiSdkPackage(loaded, modelsOf(root, textOf(provider['id'])));
    if (problem === undefined && !('field' in loaded)) packages.set(index, loaded);
    if (problem === undefined) continue;
    const field = ['providers', index, problem.field];
    const { found, expected } = problem;
    problems.push({ place: file.name, line: file.lineOf(field), field: formatPath(field), found, expected });
  }
  return { packages, problems };
}

const asSecret = (settings: Mapping): Secret => createSecret(JSON.stringify(plainSettings(settings)));

/** What the models of the file want of a provider; one name that nobody minds where they want nothing. */
function modelsOf(root: Mapping, providerId: string | undefined): readonly string[] {
  const targets = listOf(root['models']).flatMap((model) => listOf(model['targets']));
  const wanted = targets.filter((target) => providerId !== undefined && textOf(target['provider']) === providerId);
  const names = wanted.map((target) => textOf(target['model'])).filter((name) => name !== undefined);
  return names.length === 0 ? ['any'] : names;
}
