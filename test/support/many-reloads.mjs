// A process of its own, so that its heap is nobody else's: reloads a built app a thousand times, with a call now and then,
// and prints the bytes that are left after a third and at the end. `node --expose-gc many-reloads.mjs <url of a simulator> <folder>`

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const [simulatorUrl = '', folder = ''] = process.argv.slice(2);
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
    if (count % 50 === 0) await callOnce();
  }
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

const early = await heapAfter(1, 334);
const late = await heapAfter(334, 1_001);
process.stdout.write(JSON.stringify({ early, late }));
await app.stop(0);
process.exit(0);
