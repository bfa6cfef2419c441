// The yardstick: the least a proxy can be. node:http in, undici out, bodies piped, no policies.
// Run as a child: node bare-proxy.ts <upstream origin>; tells its port through IPC.

import { createServer } from 'node:http';
import { Pool } from 'undici';

const pool = new Pool(process.argv[2] ?? '', { connections: 256 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    pool
      .request({
        method: 'POST',
        path: request.url ?? '/',
        headers: { 'content-type': 'application/json' },
        body: Buffer.concat(chunks),
      })
      .then((upstream) => {
        response.writeHead(upstream.statusCode, { 'content-type': String(upstream.headers['content-type']) });
        upstream.body.pipe(response);
      })
      .catch(() => response.destroy());
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ type: 'listening', port: typeof address === 'object' ? address?.port : 0 });
});
process.on('disconnect', () => process.exit(0));
