// How what calls name (images by their address) is fetched.

import type { Config } from '../platform/config.ts';
import { createOutboundHosts, type OutboundHosts } from '../platform/outbound-hosts.ts';
import { createSafeFetch, type SafeFetch } from '../platform/safe-fetch.ts';
import { createImageBudget, type ImageBudget } from '../providers/image-budget.ts';

export interface Outbound {
  readonly hosts: OutboundHosts;
  readonly fetchImage: SafeFetch;
  readonly imageBudget: ImageBudget;
}

export function createOutbound(outbound: Config['outbound']): Outbound {
  const hosts = createOutboundHosts(outbound.allowedHosts);
  return { hosts, fetchImage: createSafeFetch({ ...outbound, hosts }), imageBudget: createImageBudget(outbound) };
}
