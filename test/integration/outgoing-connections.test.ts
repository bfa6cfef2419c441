import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/platform/config-loader.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { adminKey } from '../support/start-gateway.ts';
import { startTestProxy, type TestProxyOptions } from '../support/start-proxy.ts';
import { startRawUpstream, writeJson } from '../unit/providers/raw-upstream.ts';

const ANSWER = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: 'from far away' }, finish_reason: 'stop' }],
});
const QUERY = `mutation { generate(input: { model: "far", prompt: "Hello?" }) {
  __typename ... on GenerateSuccess { generation { text } } ... on UserError { message } } }`;

/** One call of a whole server, as configured by a file, whose provider stands behind a proxy with its own authority. */
async function ask(
  proxyOptions: TestProxyOptions = {},
): Promise<{ result: unknown; asked: readonly string[]; log: string }> {
  const authority = createCertificateAuthority();
  const upstream = await startRawUpstream(
    ({ socket }) => writeJson(socket, ANSWER),
    authority.issue(['far.example.test']),
  );
  const port = Number(new URL(upstream.url).port);
  await using proxy = await startTestProxy({
    hosts: { 'far.example.test': port },
    credentials: 'me:hunter2',
    ...proxyOptions,
  });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-outgoing-'));
  await writeFile(join(folder, 'ca.pem'), authority.cert);
  await writeFile(
    join(folder, 'sluice.yaml'),
    `providers: [{ id: far, kind: openai-compatible, baseUrl: "https://far.example.test/v1", caFile: ca.pem }]
models: [{ id: far, targets: [{ provider: far, model: x }] }]`,
  );
  const env = { PORT: '0', HTTPS_PROXY: `http://me:hunter2@127.0.0.1:${proxy.port}` };
  const config = await loadConfig({ env, cwd: folder });
  const lines: string[] = [];
  const logger = createLogger({
    level: 'trace',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const secret = createSecret('a secret of this test alone, 32 bytes and more');
  const app = await createApp({ config, adminKey: createSecret(adminKey), secret, logger });
  try {
    await app.start();
    const answer = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}` },
      body: JSON.stringify({ query: QUERY }),
    });
    const body = (await answer.json()) as { readonly data?: { readonly generate?: unknown } };
    return { result: body.data?.generate, asked: proxy.asked, log: lines.join('') };
  } finally {
    await app.stop(0);
    await upstream.close();
    await rm(folder, { recursive: true });
  }
}

it('providers are reached through the proxy of the environment and trusted by their own authority', async () => {
  const { result, asked, log } = await ask();
  expect(result).toEqual({ __typename: 'GenerateSuccess', generation: { text: 'from far away' } });
  expect(asked).toEqual(['CONNECT far.example.test:443']);
  expect(log).toMatch(/"provider":"far","proxy":"http:\/\/127\.0\.0\.1:\d+","msg":"reached through a proxy"/);
  expect(log).not.toMatch(/hunter2|bWU6/);
});

it('a proxy that refuses makes the model unavailable, and its password is told nowhere', async () => {
  const { result, log } = await ask({ credentials: 'me:another' });
  expect(result).toEqual({ __typename: 'ModelUnavailableError', message: expect.stringContaining('(status 407)') });
  expect(`${JSON.stringify(result)}${log}`).not.toMatch(/hunter2|another|bWU6|far\.example/);
});
