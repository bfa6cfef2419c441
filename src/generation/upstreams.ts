// What calls are answered by. Replaced as a whole when the configuration is reloaded: an operation goes by the one it
// began with, and its calls keep what they took of it.

import type { Caller } from '../core/caller.ts';
import type { ModelCatalog } from '../features/routing/model-catalog.ts';
import type { OutboundHosts } from '../platform/outbound-hosts.ts';
import type { Provider } from '../providers/provider.ts';

export interface Upstreams {
  readonly models: ModelCatalog;
  /** By their ids. Every target of a model has one. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** Which hosts addresses in a call may name. */
  readonly hosts: OutboundHosts;
}

/** Who asks, and what answers them: both as they were when the operation began. */
export interface Asker {
  readonly caller: Caller;
  readonly upstreams: Upstreams;
}
