// Text of callers made to look like lines of the log, or to move the cursor of whoever reads it, put wherever a caller
// can put text, on every transport and in both formats of the log.

import { describe, expect, it } from '@jest/globals';
import { everyTransport, sendOver } from '../support/every-transport.ts';
import { rawPost, sendRaw } from '../support/raw-http.ts';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';
import { openWire } from '../support/wire.ts';

const canary = 'CANARY7f3a';
const forged = `${canary}\n{"level":"info","msg":"${canary}"}\r\n[12:00:00] INFO: ${canary}\u2028\u2029\u0085\u001b[2K\u001b[1A\u009b2J\u202e\u0000\b`;
/** The same without what no header may hold. */
const forgedHeader = Buffer.from(`${canary} \x85\x9b2J \t{"level":"info"}`, 'latin1').toString('latin1');
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be in a log
const dangerous = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/;

const request = (fields: Record<string, unknown>) => ({ model: 'sim-instant', prompt: forged, ...fields });
const inputs: Record<string, unknown>[] = [
  request({}),
  request({ model: forged }),
  request({ labels: [{ name: forged, value: forged }] }),
  request({ labels: [{ name: 'a', value: forged }] }),
  request({ tools: [{ name: forged, parameters: {} }] }),
  request({ tools: [{ name: 'a', description: forged, parameters: { [forged]: forged } }] }),
  request({ stop: [forged] }),
  request({ output: { format: 'JSON', name: forged, schema: { pattern: `(${forged}` } } }),
  request({ providerOptions: { [forged]: { [forged]: forged } } }),
  request({ providerOptions: { 'openai-compatible': { [forged]: forged } } }),
  { prompt: 'a', model: 'sim-instant', [forged]: forged },
];

async function attack(gateway: TestGateway): Promise<void> {
  const target = { url: gateway.graphqlUrl, key: adminKey };
  for (const transport of everyTransport) {
    for (const [index, input] of inputs.entries()) {
      const variables =
        transport === 'POST' ? { input } : { input: { idempotencyKey: `${transport}-${index}`, request: input } };
      const query =
        transport === 'POST'
          ? 'mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }'
          : 'subscription ($input: GenerateStreamInput!) { generateStream(input: $input) { __typename } }';
      await sendOver(transport, target, { query, variables });
    }
    for (const payload of [
      { query: forged },
      { query: `{ ${canary}: __typename # ${forged}\n }` },
      { query: `query ${canary} { __typename }`, operationName: forged },
      {
        query: '{ __typename }',
        operationName: forged,
        variables: { [forged]: forged },
        extensions: { [forged]: forged },
      },
      { query: 'query ($id: ID!) { generation(id: $id) { id } }', variables: { id: forged } },
      {
        query:
          'subscription ($id: ID!, $after: String) { generationEvents(generationId: $id, after: $after) { cursor } }',
        variables: { id: forged, after: forged },
      },
    ]) {
      await sendOver(transport, target, payload);
    }
  }
  for (const name of [
    'X-Request-Id',
    'User-Agent',
    'Idempotency-Key',
    'Accept',
    'Origin',
    'Referer',
    'Cookie',
    'traceparent',
    'X-Forwarded-For',
    'X-API-Key',
    'Content-Type',
  ]) {
    const lines = [`${name}: ${forgedHeader}`, 'Content-Length: 2'];
    await sendRaw(gateway.url, Buffer.from(rawPost('{}', adminKey, lines), 'latin1'));
    await sendRaw(
      gateway.url,
      Buffer.from(
        `GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines[0]}\r\n\r\n`,
        'latin1',
      ),
    );
  }
  for (const path of [
    `/${encodeURIComponent(forged)}`,
    `/graphql?${canary}`,
    `/${canary}\x85\x9b2J`,
    '/%0d%0aforged',
  ]) {
    await sendRaw(gateway.url, Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 'latin1'));
  }
  await sendRaw(gateway.url, Buffer.from(`FORGED ${forged}`, 'latin1'));
  for (const message of [forged, { type: forged }, { type: 'connection_init', payload: { authorization: forged } }]) {
    await using wire = await openWire(gateway.socketUrl);
    wire.send(message);
    await wire.closed;
  }
}

describe.each(['json', 'pretty'])('a log in the format %s', (format) => {
  it('forges no line, moves no cursor and repeats nothing', async () => {
    await using gateway = await startGateway({
      env: { LOG_FORMAT: format, LOG_LEVEL: 'trace' },
      yaml: 'server: { trustedDocuments: { mode: log, manifest: manifest.json } }\n',
      files: { 'manifest.json': '{}' },
    });
    await attack(gateway);
    await gateway.logged(/"?refused a connection/);
    const text = gateway.logLines.join('');
    expect(gateway.logLines.length).toBeGreaterThan(80);
    expect(text).not.toMatch(dangerous);
    expect(text).not.toMatch(/"level":"error"|ERROR:/);
    // Names of operations are told where trusted documents are rehearsed: they are names, and cannot be more.
    const repeated = text
      .split('\n')
      .filter((line) => line.includes(canary) && !/operation"?: ?"CANARY7f3a"/.test(line));
    expect(repeated).toEqual([]);
    for (const line of gateway.logLines) {
      if (format === 'json') expect(line).toMatch(/^\{"level":"[a-z]+","time":"[^"]+Z".*\}\n$/);
      else expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] [A-Z]+: [^\n]*\n( {4}[^\n]*\n)*$/);
    }
  });
});
