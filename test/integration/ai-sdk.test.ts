import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/platform/config-loader.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createSecret } from '../../src/platform/secret.ts';
import { AWS_EVENT_STREAM, awsEvent } from '../support/aws-event-stream.ts';
import { adminKey } from '../support/start-gateway.ts';
import { answerHead, startRawUpstream, writeJson, writePieces } from '../unit/providers/raw-upstream.ts';

const GENERATION =
  '{ text warnings usage { inputTokens outputTokens costUsd source } attempts { provider providerRequestId } }';
const QUERY = `mutation ($options: JSONObject) { generate(input: { model: "nova", prompt: "Hello?", seed: 7, providerOptions: $options }) {
  __typename ... on GenerateSuccess { generation ${GENERATION} } ... on UserError { message path } } }`;
const STREAM = `subscription { generateStream(input: { idempotencyKey: "k", request: { model: "nova", prompt: "Hello?" } }) {
  __typename ... on TextDelta { text } ... on GenerationCompleted { generation ${GENERATION} } } }`;
const USAGE = { inputTokens: 1_000, outputTokens: 100, totalTokens: 1_100 };

it('a whole server answers from Bedrock through its package: counted, priced, warned, and silent about its keys', async () => {
  const upstream = await startRawUpstream(({ socket, path }) => {
    const headers = { 'x-amzn-requestid': 'aws-1' };
    if (path.endsWith('/converse')) {
      const message = { role: 'assistant', content: [{ text: 'from far away' }] };
      writeJson(socket, JSON.stringify({ output: { message }, stopReason: 'end_turn', usage: USAGE }), 200, headers);
    } else {
      void writePieces(socket, answerHead(AWS_EVENT_STREAM, 200, headers), [
        awsEvent('messageStart', { role: 'assistant' }),
        awsEvent('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'from far away' } }),
        awsEvent('messageStop', { stopReason: 'end_turn' }),
        awsEvent('metadata', { usage: USAGE }),
      ]);
    }
  });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-ai-sdk-'));
  await writeFile(
    join(folder, 'sluice.yaml'),
    `providers:
  - id: bedrock
    kind: ai-sdk
    package: "@ai-sdk/amazon-bedrock"
    allowedOptions: [guardrailConfig]
    settings: { region: us-east-1, baseURL: "${upstream.url}", accessKeyId: "\${AWS_ID}", secretAccessKey: "\${AWS_SECRET}" }
models: [{ id: nova, targets: [{ provider: bedrock, model: "amazon.nova-lite-v1:0" }] }]`,
  );
  const config = await loadConfig({ env: { PORT: '0', AWS_ID: 'AKIAHUNTER', AWS_SECRET: 'hunter2' }, cwd: folder });
  const lines: string[] = [];
  const logger = createLogger({
    level: 'trace',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const secret = createSecret('a secret of this test alone, 32 bytes and more');
  const app = await createApp({ config, adminKey: createSecret(adminKey), secret, logger });
  const send = async (query: string, options?: object, accept = 'application/json'): Promise<string> => {
    const answer = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminKey}`, accept },
      body: JSON.stringify({ query, variables: { options } }),
    });
    return await answer.text();
  };
  // 1,000 × $0.06 + 100 × $0.24 per million.
  const counted = { inputTokens: 1_000, outputTokens: 100, costUsd: '0.000084', source: 'PROVIDER' };
  const attempts = [{ provider: 'bedrock', providerRequestId: 'aws-1' }];
  try {
    await app.start();
    const plain = JSON.parse(await send(QUERY));
    expect(plain.data.generate).toEqual({
      __typename: 'GenerateSuccess',
      generation: {
        text: 'from far away',
        warnings: [expect.stringMatching(/^seed was not sent/)],
        usage: counted,
        attempts,
      },
    });
    const refused = JSON.parse(await send(QUERY, { 'ai-sdk': { topK: 3 } }));
    expect(refused.data.generate).toMatchObject({
      message: expect.stringContaining('Allowed: guardrailConfig.'),
      path: ['input', 'providerOptions', 'ai-sdk', 'topK'],
    });
    const events = (await send(STREAM, undefined, 'text/event-stream'))
      .split('\n')
      .filter((line) => line.startsWith('data: {'));
    const [, , last] = events.map((line) => JSON.parse(line.slice(6)).data.generateStream);
    expect(last).toEqual({
      __typename: 'GenerationCompleted',
      generation: { text: 'from far away', warnings: [], usage: counted, attempts },
    });
    expect(lines.join('')).not.toMatch(/hunter2|AKIAHUNTER|from far away/i);
    expect(upstream.requests).toHaveLength(2);
  } finally {
    await app.stop(0);
    await upstream.close();
    await rm(folder, { recursive: true });
  }
});
