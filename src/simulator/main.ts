// The simulator as a process: `main.js [--port n] [--api-key key] [--seed n] [--keep-entries n] [--keep-content true|false]`.
// Tells its port on stdout and, if it was forked, to its parent; ends with the parent, or on SIGTERM; on
// SIGINT too, unless it was forked.

import { parseArgs } from 'node:util';
import { startSimulator } from './simulator.ts';
import { loadTokenizer } from './tokenizer.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    'api-key': { type: 'string' },
    seed: { type: 'string' },
    'keep-entries': { type: 'string' },
    'keep-content': { type: 'string', default: 'true' },
  },
});

// A terminal sends these to a whole process group. The parent decides what they mean: it may still finish its streams.
const isForked = process.send !== undefined;
if (isForked) for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

const port = readWhole('port');
const seed = readWhole('seed');
const keepEntries = readWhole('keep-entries');
const apiKey = values['api-key'];
const simulator = await startSimulator({
  keepContent: readSwitch('keep-content'),
  ...(port === undefined ? {} : { port }),
  ...(seed === undefined ? {} : { seed }),
  ...(keepEntries === undefined ? {} : { keepEntries }),
  ...(apiKey === undefined ? {} : { apiKey }),
});

let ending = false;
const end = () => {
  if (ending) return;
  ending = true;
  void simulator.close().then(() => process.exit(0));
};
process.on('SIGTERM', end);
if (!isForked) process.on('SIGINT', end);
// The channel closes however the parent ends, a kill included.
process.on('disconnect', end);
// A parent that no longer reads must not bring us down with an error.
process.stdout.on('error', () => {});

const message = { type: 'listening', port: simulator.port, url: simulator.url };
console.log(JSON.stringify(message));
if (process.send !== undefined && process.connected) process.send(message);
else if (process.send !== undefined) end();

// The first answer should not have to wait for the tokenizer.
await loadTokenizer();

function readWhole(name: 'port' | 'seed' | 'keep-entries'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${name} must be a whole number.`);
  process.exit(2);
}

function readSwitch(name: 'keep-content'): boolean {
  const text = values[name];
  if (text === 'true' || text === 'false') return text === 'true';
  console.error(`--${name} must be true or false.`);
  process.exit(2);
}
