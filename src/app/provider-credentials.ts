// What the log is told of a provider with two credentials: which of them it refuses, by the name of its setting. Once for
// each change, however many calls meet it.

import type { Logger } from '../platform/logger.ts';
import type { ReportCredential } from '../providers/credential-pair.ts';

export function createCredentialReport(logger: Logger): ReportCredential {
  return ({ providerId: provider, refused, status }) => {
    switch (refused) {
      case 'CURRENT':
        logger.warn(
          { provider, status },
          'the provider refuses its apiKey (or settings): previousApiKey (or previousSettings) is used in its place',
        );
        break;
      case 'BOTH':
        logger.warn(
          { provider, status },
          'the provider refuses its apiKey (or settings) and previousApiKey (or previousSettings): no call gets through',
        );
        break;
      case 'NEITHER':
        logger.info({ provider }, 'the provider takes its apiKey (or settings): the previous one is not needed');
        break;
    }
  };
}
