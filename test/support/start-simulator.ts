// A simulator for one test: `await using simulator = await startTestSimulator();` gives it back when the test ends.

import { startSimulator } from '../../src/simulator/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/types.ts';

export type TestSimulator = Simulator & AsyncDisposable;

export async function startTestSimulator(options: SimulatorOptions = {}): Promise<TestSimulator> {
  const simulator = await startSimulator(options);
  return { ...simulator, [Symbol.asyncDispose]: () => simulator.close() };
}
