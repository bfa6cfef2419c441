// A process of its own, so that its heap is nobody else's: reloads a built app many times, with calls in between, and
// prints the bytes that are left after two thirds and at the end. `node --expose-gc many-reloads.mjs <url of a simulator> <folder> <count>`

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getHeapCodeStatistics } from 'node:v8';

const [simulatorUrl = '', folder = '', count = ''] = process.argv.slice(2);
const reloads = Number(count);
/** @param {string} name */
const built = (name) => import(new URL(`../../dist/${name}.js`, import.meta.url).href);
const { createApp } = await built('app');
const { loadConfig } = await built('platform/config-loader');
const { createLogger } = await built('platform/logger');
const { createSecret } = await built('platform/secret');

await writeFile(
  join(folder, 'sluice.yaml'),
  `providers: [{ id: p, kind: openai-compatible, baseUrl: "${simulatorUrl}/v1", apiKey: first }]\n` +
    'models: [{ id: m, targets: [{ provider: p, model: sim-instant }], prices: { input: "1", output: "1" } }]\n',
);
const config = await loadConfig({ env: { PORT: '0' }, cwd: folder });
const key = 'k'.repeat(40);

/** Each with another provider; with other limits, which are dearer, now and then. @param {number} count */
const versionOf = (count) => ({
  ...config,
  providers: config.providers.map((/** @type {object} */ provider) => ({
    ...provider,
    apiKey: createSecret(`key-${count}`),
  })),
  auth: { ...config.auth, apiKeys: [apiKeyOf(count)] },
  operationLimits: { ...config.operationLimits, depth: 10 + Math.floor(count / 25) },
});
/** @param {number} count */
const apiKeyOf = (count) => ({
  name: `name-${count % 3}`,
  key: createSecret(String(count).padStart(40, '0')),
  roles: ['MEMBER'],
  scopes: ['generate'],
  allowedModels: undefined,
  documentMode: undefined,
});

const logger = createLogger({ level: 'silent', format: 'json' });
const app = await createApp({ config: versionOf(0), adminKey: createSecret(key), secret: createSecret(key), logger });
await app.start();

async function callOnce() {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const query = 'mutation { generate(input: { model: "m", prompt: "Hello" }) { __typename } }';
  const answer = await fetch(`${app.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
  const text = await answer.text();
  if (!text.includes('GenerateSuccess')) throw new Error(`a call failed: ${text}`);
}

/** @param {number} from @param {number} to */
async function heapAfter(from, to) {
  for (let count = from; count < to; count++) {
    await app.reload(versionOf(count));
    if (count % Math.ceil(reloads / 20) === 0) await callOnce();
  }
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  // Machine code comes and goes as the engine sees fit.
  return process.memoryUsage().heapUsed - getHeapCodeStatistics().code_and_metadata_size;
}

const twoThirds = Math.round((reloads * 2) / 3);
const early = await heapAfter(1, twoThirds);
const late = await heapAfter(twoThirds, reloads + 1);
process.stdout.write(JSON.stringify({ early, late }));
await app.stop(0);
process.exit(0);
