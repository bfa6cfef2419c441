// The providers of one configuration after the other. Where the settings are the same the provider is, so that its
// connections and what it has learned of its server live on.

import { isDeepStrictEqual } from 'node:util';
import { createProvider, type ProviderSettings } from './create-provider.ts';
import type { Provider } from './provider.ts';

export interface OfferedProvider {
  readonly settings: ProviderSettings;
  readonly provider: Provider;
}

/** In the order of `settings`. Makes no connection: what is not used in the end may be dropped. */
export const offerProviders = (
  settings: readonly ProviderSettings[],
  before: readonly OfferedProvider[],
): readonly OfferedProvider[] =>
  settings.map(
    (each) =>
      before.find((offered) => isSame(offered.settings, each)) ?? {
        settings: each,
        provider: createProvider(each),
      },
  );

/** A package is loaded anew for each configuration: what it was made of says whether it is the same. */
function isSame(
  { aiSdk: before, ...settings }: ProviderSettings,
  { aiSdk: now, ...others }: ProviderSettings,
): boolean {
  return before?.fingerprint === now?.fingerprint && isDeepStrictEqual(settings, others);
}

export interface RetiredProviders {
  add(providers: readonly Provider[]): void;
  /** Closes those that are still there. */
  close(): Promise<void>;
}

/**
 * Calls that were prepared before a reload may begin long after it: a provider that is offered no more is closed by
 * nobody while they are there. Its idle connections close by themselves, and with its last call it is garbage.
 */
export function createRetiredProviders(): RetiredProviders {
  const retired = new Set<WeakRef<Provider>>();
  return {
    add(providers) {
      for (const one of retired) if (one.deref() === undefined) retired.delete(one);
      for (const provider of providers) retired.add(new WeakRef(provider));
    },
    async close() {
      await Promise.all([...retired].map((one) => one.deref()?.close()));
    },
  };
}
