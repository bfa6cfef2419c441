// Apollo's own suite for integrations, over the thin adapter: any Apollo Server, none of our policies.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { defineIntegrationTestSuite } from '@apollo/server-integration-testsuite';
import { executeGraphQL, writeGraphQLResponse } from '../../src/server/graphql-http.ts';
import { readBytes } from '../../src/server/read-body.ts';

defineIntegrationTestSuite(async (config, options) => {
  const server = new ApolloServer(config);
  const http = createServer(async (request, response) => {
    const bytes = await readBytes(request, 50 * 1024 * 1024);
    const isJson = /^application\/json\b/.test(request.headers['content-type'] ?? '');
    let body: unknown = {};
    try {
      if (isJson && bytes.length > 0) body = JSON.parse(bytes.toString('utf8'));
    } catch {
      response.writeHead(400).end('Invalid JSON');
      return;
    }
    const context = options?.context ?? (async () => ({}));
    const result = await executeGraphQL({ server, request, body, headers: headersOf(request), context });
    await writeGraphQLResponse(response, result);
  });
  await server.start();
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  return {
    server,
    url: `http://127.0.0.1:${port}/`,
    extraCleanup: async () => {
      http.closeAllConnections();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
    },
  };
});

function headersOf(request: IncomingMessage): HeaderMap {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}
