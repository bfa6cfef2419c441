import { describe, expect, it } from '@jest/globals';
import { createFairGate, type Pass } from '../../../src/platform/fair-gate.ts';

const never = new AbortController().signal;
/** All that was promised by now is told. */
const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

describe('a fair gate', () => {
  it('lets in what fits and the rest in the order it came, a large one before smaller ones behind it', async () => {
    const gate = createFairGate({ capacity: 10 });
    const entered: string[] = [];
    const passes = new Map<string, Pass>();
    const enter = (name: string, amount: number): void =>
      void gate.enter(amount, never).then((pass) => {
        entered.push(name);
        passes.set(name, pass);
      });
    enter('a', 6);
    enter('b', 4);
    enter('large', 8);
    enter('small', 1);
    await settled();
    expect(entered).toEqual(['a', 'b']);
    expect(gate).toMatchObject({ taken: 10, waiting: 2 });
    passes.get('b')?.release();
    passes.get('a')?.shrinkTo(3);
    await settled();
    expect(entered).toEqual(['a', 'b']);
    passes.get('a')?.shrinkTo(1);
    await settled();
    expect(entered).toEqual(['a', 'b', 'large', 'small']);
    expect(gate).toMatchObject({ taken: 10, waiting: 0 });
  });

  it('gives back once what was taken, however often it is told, and never takes more', async () => {
    const gate = createFairGate({ capacity: 10 });
    const [first, second] = [await gate.enter(4, never), await gate.enter(3, never)];
    first.shrinkTo(9);
    expect(gate.taken).toBe(7);
    first.release();
    first.release();
    first.shrinkTo(2);
    expect(gate.taken).toBe(3);
    second.release();
    expect(gate.taken).toBe(0);
  });

  it('lets go who stops waiting, and lets in who waited behind', async () => {
    const gate = createFairGate({ capacity: 10 });
    const pass = await gate.enter(8, never);
    const controller = new AbortController();
    const large = gate.enter(5, controller.signal);
    const small = gate.enter(2, never);
    const told = large.catch((error: unknown) => error);
    controller.abort('enough');
    expect(await told).toBe('enough');
    (await small).release();
    pass.release();
    expect(gate).toMatchObject({ taken: 0, waiting: 0 });
    await expect(gate.enter(1, AbortSignal.abort('before'))).rejects.toBe('before');
    expect(gate.taken).toBe(0);
  });

  it('refuses at once what never fits, and who would wait where as many wait as may', async () => {
    const gate = createFairGate({ capacity: 2, maxWaiting: 1 });
    await expect(gate.enter(3, never)).rejects.toMatchObject({ code: 'TOO_MUCH' });
    const pass = await gate.enter(2, never);
    const waiting = gate.enter(1, never);
    await expect(gate.enter(1, never)).rejects.toMatchObject({ code: 'TOO_MANY_WAIT' });
    pass.release();
    (await waiting).release();
    expect(gate).toMatchObject({ taken: 0, waiting: 0 });
  });
});
