// A provider over a package of the AI SDK, as the configuration would make it.

import { checkAiSdkPackage, loadAiSdkPackage } from '../../src/platform/ai-sdk-package.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { createProvider, type ProviderSettings } from '../../src/providers/create-provider.ts';
import type { Provider } from '../../src/providers/provider.ts';

export async function aiSdkProvider(
  packageName: string,
  settings: object,
  more: Partial<ProviderSettings> = {},
): Promise<Provider> {
  const loaded = await loadAiSdkPackage({
    name: packageName,
    factory: undefined,
    settings: createSecret(JSON.stringify(settings)),
  });
  const problem = 'field' in loaded ? loaded : checkAiSdkPackage(loaded, ['any']);
  if (problem !== undefined || 'field' in loaded) throw new Error(`${problem?.field}: ${problem?.found}`);
  return createProvider({
    id: 'package',
    kind: 'ai-sdk',
    baseUrl: undefined,
    apiKey: undefined,
    aiSdk: loaded,
    ...more,
  });
}

export const bedrockSettings = (url: string): object => ({
  baseURL: url,
  region: 'us-east-1',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'hunter2-secret-access-key',
});
