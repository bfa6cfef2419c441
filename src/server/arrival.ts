// What is known of a request, or of an upgrade, the moment it arrives: all that serves it goes by this.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.ts';
import type { Client } from './read-client.ts';
import { requestIdOf } from './request-id.ts';
import type { ServerSettings } from './server-settings.ts';

export interface Arrival {
  readonly requestId: string;
  readonly client: Client;
  readonly settings: ServerSettings;
}

export const readArrival = (request: IncomingMessage, settings: ServerSettings, clock: Clock): Arrival => ({
  requestId: requestIdOf(request, clock),
  client: settings.readClient(request),
  settings,
});
