// A provider with two credentials, while one takes the place of the other: each attempt goes out with the new one, and
// once more with the previous where the new one is refused. A refusal costs nothing, so neither is paid for twice.

import { UpstreamError } from '../core/upstream-error.ts';
import type { Provider, ProviderCall } from './provider.ts';

/**
 * A change in what the provider makes of the pair. CURRENT: the new credential is refused, the previous one is used. BOTH:
 * nothing gets through. NEITHER: the new one is good (again).
 */
export interface CredentialReport {
  readonly providerId: string;
  readonly refused: 'CURRENT' | 'BOTH' | 'NEITHER';
  /** Of the refusal. */
  readonly status: number | undefined;
}

export type ReportCredential = (report: CredentialReport) => void;

export interface CredentialPair {
  readonly current: Provider;
  /** The same provider with the credential that is to go. */
  readonly previous: Provider;
  readonly report: ReportCredential;
}

export function withPreviousCredential({ current, previous, report }: CredentialPair): Provider {
  const { id } = current;
  /** What was told last: of a status 403 by model, for a key may lack one alone; else of all, under no name. */
  const told = new Map<string, CredentialReport['refused']>();

  function tell(refused: 'CURRENT' | 'BOTH', status: number | undefined, model: string): void {
    const about = status === 403 ? model : '';
    if (told.get(about) === refused) return;
    told.set(about, refused);
    report({ providerId: id, refused, status });
  }

  function tellAccepted(model: string): void {
    if (told.size === 0) return;
    const isNews = [told.delete(''), told.delete(model)].includes(true);
    if (isNews) report({ providerId: id, refused: 'NEITHER', status: undefined });
  }

  return {
    id,
    review: current.review,
    async chat(call, onDelta) {
      const { model, timeouts } = call;
      const startedAtMs = performance.now();
      try {
        const end = await current.chat(call, onDelta);
        tellAccepted(model);
        return end;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const left = Math.max(1, Math.round(timeouts.totalMs - (performance.now() - startedAtMs)));
        const second: ProviderCall = { ...call, timeouts: { ...timeouts, totalMs: left } };
        try {
          const end = await previous.chat(second, onDelta);
          tell('CURRENT', error.status, model);
          return end;
        } catch (secondError) {
          const areBothRefused = isRefusal(secondError);
          tell(areBothRefused ? 'BOTH' : 'CURRENT', error.status, model);
          throw areBothRefused ? error : secondError;
        }
      }
    },
    close: async () => {
      await Promise.all([current.close(), previous.close()]);
    },
  };
}

const isRefusal = (error: unknown): error is UpstreamError => error instanceof UpstreamError && error.refusedCredential;
