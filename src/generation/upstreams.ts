// What calls are answered by. Replaced as a whole when the configuration is reloaded: a call takes what it needs when it
// is prepared, and keeps it.

import type { ModelCatalog } from '../features/routing/model-catalog.ts';
import type { Provider } from '../providers/provider.ts';

export interface Upstreams {
  readonly models: ModelCatalog;
  /** By their ids. Every target of a model has one. */
  readonly providers: ReadonlyMap<string, Provider>;
}
