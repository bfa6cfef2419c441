// What the WebSocket side needs.

import type { Clock } from '../core/clock.ts';
import type { EdgeThrottle } from './edge-throttle.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { LiveCallers } from './live-callers.ts';
import type { ServerLogger } from './server-logger.ts';
import type { ServerSettings } from './server-settings.ts';

export interface WebSocketServerOptions {
  /** Asked at each upgrade, sign-in and operation: what begins goes by the settings of that moment. */
  readonly settings: () => ServerSettings;
  readonly throttle: EdgeThrottle;
  readonly lifecycle: Lifecycle;
  readonly liveCallers: LiveCallers;
  readonly clock: Clock;
  readonly logger: ServerLogger;
  /** How long a socket may take to send `connection_init`. Default 3,000. */
  readonly initTimeoutMs?: number;
  /** Default 12,000; a peer that answers none in that time is cut off. */
  readonly pingMs?: number;
}
