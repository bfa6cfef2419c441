// Work that several ask for at the same moment is done once. It is shared only while it runs: nothing is kept.

import { untilAborted } from './until-aborted.ts';

export interface SharedFlights<Value> {
  /**
   * Joins the work under this key, or starts it. Who stops waiting leaves it to the others; `start` is told to stop when
   * the last one has left. @throws the reason of `signal`, or what the work throws.
   */
  join(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<Value>): Promise<Value>;
  readonly size: number;
}

interface Flight<Value> {
  readonly landing: Promise<Value>;
  readonly controller: AbortController;
  passengers: number;
}

export function createSharedFlights<Value>(): SharedFlights<Value> {
  const flights = new Map<string, Flight<Value>>();

  function forget(key: string, controller: AbortController): void {
    if (flights.get(key)?.controller === controller) flights.delete(key);
  }

  function depart(key: string, start: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const controller = new AbortController();
    const landing = start(controller.signal).finally(() => forget(key, controller));
    const flight = { landing, controller, passengers: 0 };
    flights.set(key, flight);
    return flight;
  }

  return {
    async join(key, signal, start) {
      signal.throwIfAborted();
      const flight = flights.get(key) ?? depart(key, start);
      flight.passengers++;
      try {
        return await untilAborted(flight.landing, signal);
      } finally {
        flight.passengers--;
        if (flight.passengers === 0) {
          forget(key, flight.controller);
          flight.controller.abort();
        }
      }
    },
    get size() {
      return flights.size;
    },
  };
}
