// The fuzzing process: `node --expose-gc --import ./use-dist.mjs main.ts <operations> <seed>`. Ends with one line of JSON,
// the report; what went wrong stands in it. A process of its own, so that what a server must not do to its process (an
// unhandled rejection, a warning, memory that is lost) can be seen.

import { setTimeout as delay } from 'node:timers/promises';
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { createDrivers } from './drivers.ts';
import { startFuzzServer } from './fuzz-server.ts';
import { createOperationGrammar } from './operation-grammar.ts';
import { type FuzzReport, growthPer10000 } from './report.ts';
import { createRequestGrammar, type FuzzRequest } from './request-grammar.ts';
import { createTape } from './tape.ts';
import { createValueGrammar } from './value-grammar.ts';

const mostAtOnce = 50;
const [operations = 0, seed = 0] = process.argv.slice(2).map(Number);
const warmUp = Math.min(10_000, Math.round(operations * 0.4));
const windowSize = Math.max(500, Math.round((operations - warmUp) / 12));

const processFaults: string[] = [];
const fault = (kind: string) => (error: unknown) =>
  void processFaults.push(`${kind}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
process.on('unhandledRejection', fault('unhandled rejection'));
process.on('uncaughtException', fault('uncaught exception'));
process.on('warning', fault('warning'));

const { gc } = globalThis;
if (gc === undefined) throw new Error('start it with --expose-gc');

const server = await startFuzzServer();
const world = { ids: [] as string[], cursors: [] as string[] };
const drivers = createDrivers({
  url: server.url,
  onText: (text) => {
    remember(world.ids, /"((?:gen|bat)_[0-9a-z]{26})"/.exec(text)?.[1]);
    remember(world.cursors, /"cursor":"([^"]{1,200})"/.exec(text)?.[1]);
  },
});
const values = createValueGrammar(world);
const requestOf = createRequestGrammar(createOperationGrammar(server.schema, values), values);
const sent: Record<FuzzRequest['type'], number> = { HTTP: 0, SUBSCRIBE: 0, CONVERSATION: 0 };

/** The last few: answers to come are asked about what has just been. */
function remember(list: string[], text: string | undefined): void {
  if (text === undefined || list.includes(text)) return;
  list.push(text);
  if (list.length > 20) list.shift();
}

function drive(request: FuzzRequest): Promise<string | undefined> {
  sent[request.type]++;
  switch (request.type) {
    case 'HTTP':
      return drivers.http(request);
    case 'SUBSCRIBE':
      return drivers.subscribe(request);
    case 'CONVERSATION':
      return drivers.conversation(request);
  }
}

const tape = fc.noBias(fc.uint8Array({ minLength: 40, maxLength: 400, size: 'max' }));
const tapes = fc.noBias(fc.array(tape, { minLength: 1, maxLength: mostAtOnce, size: 'max' }));

/** The request that a tape makes and what was wrong with its answer; undefined when nothing was. */
let lastProblem: string | undefined;
let lastTape: Uint8Array | undefined;
async function judge(batch: readonly Uint8Array[]): Promise<boolean> {
  const requests = batch.map((bytes) => requestOf(createTape(bytes)));
  const problems = await Promise.all(requests.map(drive));
  const index = problems.findIndex((problem) => problem !== undefined);
  const found = problems[index] ?? server.faults.splice(0).map(stackOf)[0] ?? processFaults.splice(0)[0];
  if (found === undefined) return true;
  lastTape = batch[index];
  lastProblem = `${found}\nin answer to ${index === -1 ? requests.map(describe).join('\nor ') : describe(requests[index])}`;
  return false;
}

const describe = (request: FuzzRequest | undefined): string =>
  JSON.stringify(request?.type === 'HTTP' ? { ...request, body: request.body?.toString('latin1') } : request);

const stackOf = (fault: unknown): string => {
  const error = typeof fault === 'object' && fault !== null && 'err' in fault ? fault.err : fault;
  return error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fault);
};

/** The plainest request that shows the same kind of problem, looked for a while. */
async function shrink(bytes: Uint8Array): Promise<void> {
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 400, size: 'max' }), async (shorter) =>
    judge([shorter]),
  );
  await fc.check(property, { examples: [[bytes]], numRuns: 1, interruptAfterTimeLimit: 15_000 });
}

let rounds = 0;
const driven = (): number => sent.HTTP + sent.SUBSCRIBE + sent.CONVERSATION;
async function driveUntil(count: number): Promise<string | undefined> {
  while (driven() < count) {
    const numRuns = Math.max(1, Math.min(10, Math.round((count - driven()) / (mostAtOnce / 2))));
    const property = fc.asyncProperty(tapes, judge);
    const { failed, errorInstance } = await fc.check(property, { seed: seed + rounds++, numRuns, endOnFailure: true });
    if (!failed) continue;
    const asSeen = lastProblem ?? stackOf(errorInstance);
    if (lastTape !== undefined) await shrink(lastTape);
    return lastProblem === undefined || lastProblem === asSeen ? asSeen : `${asSeen}\n\nand, plainer: ${lastProblem}`;
  }
  return undefined;
}

async function heapBytes(): Promise<number> {
  // What was asked for and left behind runs on for a moment, and is put away in the turns that follow.
  await delay(250);
  gc?.();
  await delay(10);
  gc?.();
  // Machine code comes and goes as the engine sees fit.
  return process.memoryUsage().heapUsed - getHeapCodeStatistics().code_and_metadata_size;
}

const startedAtMs = performance.now();
let failure = await driveUntil(warmUp);
// What is hot is compiled by now. Rare paths would go on being compiled for hours, and code on the heap is not what a
// server loses: from here on the engine compiles no more.
for (const flag of ['--no-opt', '--no-maglev', '--no-sparkplug', '--no-flush-bytecode']) setFlagsFromString(flag);
const heap: { operations: number; bytes: number }[] = [{ operations: driven(), bytes: await heapBytes() }];
while (failure === undefined && driven() < operations) {
  failure = await driveUntil(Math.min(operations, driven() + windowSize));
  heap.push({ operations: driven(), bytes: await heapBytes() });
}
const ms = Math.round(performance.now() - startedAtMs);
await drivers.close();
await server.stop();
await delay(50);

const report: FuzzReport = {
  seed,
  operations: driven(),
  sent,
  validated: server.counts.validated,
  resolved: server.counts.resolved,
  failure: failure ?? server.faults.map(stackOf)[0] ?? processFaults[0],
  heapKib: heap.map(({ bytes }) => Math.round(bytes / 1024)),
  heapGrowthBytesPer10000: growthPer10000(heap),
  ms,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
// Connections of clients that left are nobody's to wait for.
process.exit(0);
