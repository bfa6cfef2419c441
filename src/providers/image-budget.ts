// What fetching images for callers may take of the whole process: one call is bounded by itself (fetch-images.ts), and a
// thousand of them by this.

import { createFairGate, type FairGate } from '../platform/fair-gate.ts';
import { createSharedFlights, type SharedFlights } from '../platform/shared-flights.ts';

export interface FetchedImage {
  readonly mediaType: string;
  readonly base64: string;
}

export interface ImageBudget {
  /** Bytes of images, from before they are fetched until the attempt they are sent in is over. */
  readonly bytes: FairGate;
  /** Fetches that run. Nobody in it waits for anything else of this budget. */
  readonly fetches: FairGate;
  /** By address. */
  readonly flights: SharedFlights<FetchedImage>;
}

export interface ImageBudgetSizes {
  /** Default 128 MiB. */
  readonly maxBytesInFlight?: number;
  /** Default 16. */
  readonly maxFetchesAtOnce?: number;
  /** Calls in line for bytes. Default 1,000. */
  readonly maxWaitingCalls?: number;
}

export function createImageBudget(sizes: ImageBudgetSizes = {}): ImageBudget {
  const { maxBytesInFlight = 128 * 1024 * 1024, maxFetchesAtOnce = 16, maxWaitingCalls = 1_000 } = sizes;
  return {
    bytes: createFairGate({ capacity: maxBytesInFlight, maxWaiting: maxWaitingCalls }),
    // Whoever waits here has bytes: that bounds how many they are.
    fetches: createFairGate({ capacity: maxFetchesAtOnce }),
    flights: createSharedFlights(),
  };
}
