import { describe, expect, it } from '@jest/globals';
import { createSharedFlights } from '../../../src/platform/shared-flights.ts';

const never = new AbortController().signal;

describe('shared flights', () => {
  it('are shared by all who ask while they run, and by nobody afterwards', async () => {
    const flights = createSharedFlights<number>();
    let started = 0;
    const landing = Promise.withResolvers<void>();
    const start = async (): Promise<number> => {
      const number = ++started;
      await landing.promise;
      return number;
    };
    const asked = [flights.join('a', never, start), flights.join('a', never, start), flights.join('b', never, start)];
    landing.resolve();
    expect(await Promise.all(asked)).toEqual([1, 1, 2]);
    expect(flights.size).toBe(0);
    expect(await flights.join('a', never, start)).toBe(3);
  });

  it('tell their failure to all who wait, and the next one begins anew', async () => {
    const flights = createSharedFlights<number>();
    const failing = async (): Promise<number> => {
      throw new Error('lost');
    };
    const asked = [flights.join('a', never, failing), flights.join('a', never, failing)];
    for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ reason: { message: 'lost' } });
    expect(await flights.join('a', never, async () => 1)).toBe(1);
  });

  it('go on for those who stay, and stop when the last one leaves', async () => {
    const flights = createSharedFlights<number>();
    const stopped: string[] = [];
    const start =
      (name: string) =>
      (signal: AbortSignal): Promise<number> =>
        new Promise(() => {
          // It takes its time to stop.
          signal.addEventListener('abort', () => stopped.push(name));
        });
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [flights.join('a', first.signal, start('one')), flights.join('a', second.signal, start('two'))];
    const told = asked.map((one) => one.catch((error: unknown) => error));
    first.abort('first');
    expect(await told[0]).toBe('first');
    expect(stopped).toEqual([]);
    second.abort('second');
    expect(await told[1]).toBe('second');
    expect(stopped).toEqual(['one']);
    expect(flights.size).toBe(0);
    expect(await flights.join('a', never, async () => 2)).toBe(2);
    await expect(flights.join('a', AbortSignal.abort('before'), async () => 3)).rejects.toBe('before');
  });
});
