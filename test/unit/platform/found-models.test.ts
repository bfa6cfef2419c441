import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { afterEach, expect, it } from '@jest/globals';
import { loadConfig } from '../../../src/platform/config-loader.ts';
import { probeOllama } from '../../../src/platform/ollama-probe.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(answer: string | undefined, status = 200): Promise<string> {
  const server = createServer((_request, response) => {
    response.statusCode = status;
    if (answer !== undefined) response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

const tags = JSON.stringify({
  models: [{ name: 'llama3.2:latest' }, { name: 'qwen3:8b' }, { name: 'nomic-embed-text:latest' }, { name: 7 }, null],
});

it('a running Ollama and the keys of providers are offered beside the simulator when there is no file', async () => {
  const url = await serve(tags);
  const env = { OPENAI_API_KEY: 'sk-x', ANTHROPIC_API_KEY: 'sk-ant-x', GEMINI_API_KEY: 'AIza-x' };
  const config = await loadConfig({ env, cwd: tmpdir(), isTerminal: true, ollamaUrl: url });
  expect(config.simulator).toBe(true);
  expect(config.log.format).toBe('pretty');
  expect(config.providers).toMatchObject([
    { id: 'openai', kind: 'openai', baseUrl: 'https://api.openai.com/v1', offersKnownModels: true },
    { id: 'anthropic', kind: 'anthropic', baseUrl: 'https://api.anthropic.com/v1', offersKnownModels: true },
    {
      id: 'gemini',
      kind: 'gemini',
      baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
      offersKnownModels: true,
    },
    { id: 'ollama', kind: 'openai-compatible', baseUrl: `${url}/v1`, offersKnownModels: false },
  ]);
  expect(config.providers.map(({ apiKey }) => apiKey?.reveal())).toEqual(['sk-x', 'sk-ant-x', 'AIza-x', undefined]);
  expect(config.models.map(({ name, target }) => [name, target.model])).toEqual([
    ['llama3.2', 'llama3.2:latest'],
    ['qwen3:8b', 'qwen3:8b'],
  ]);
});

it.each([
  ['no JSON', '<html>', 200],
  ['other JSON', '[]', 200],
  ['an error', tags, 500],
  ['more than anyone has to say', `{"models": "${'x'.repeat(1_200_000)}"}`, 200],
])('a server that answers %s is no Ollama', async (_what, answer, status) => {
  expect(await probeOllama(await serve(answer, status), 10_000)).toEqual([]);
});

it('a server that says nothing, or none at all, holds nothing up', async () => {
  expect(await probeOllama(await serve(undefined), 20)).toEqual([]);
  expect(await probeOllama('http://127.0.0.1:1')).toEqual([]);
});
