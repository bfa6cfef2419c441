// The process with a certificate of its own, as a person starts it.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { createSelfSignedCertificate } from '../support/certificates.ts';
import { startProcess } from '../support/start-process.ts';

it('says https in its address, and prints a curl that trusts its own certificate and works', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice https '));
  const { cert, key } = createSelfSignedCertificate(['localhost']);
  await writeFile(join(folder, 'tls.crt'), cert);
  await writeFile(join(folder, 'tls.key'), key);
  await writeFile(join(folder, 'sluice.yaml'), 'server: { tls: { certFile: tls.crt, keyFile: tls.key } }\n');
  const server = startProcess({ folder, env: { PORT: '0', LOG_FORMAT: 'json' } });
  try {
    expect((await server.printed(/"url":"([^"]+)"/))[1]).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/graphql$/);
    const [, command = ''] = await server.printed(/(curl -s [\s\S]+?}'\n)/);
    expect(command).toContain(`--cacert '${join(folder, 'tls.crt')}' https://localhost:`);
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    expect(JSON.parse(stdout).data.generate).toMatchObject({ __typename: 'GenerateSuccess' });
  } finally {
    server.child.kill('SIGKILL');
    await server.exited;
    await rm(folder, { recursive: true });
  }
});
