// Which certificate a server goes on with when its configuration is read again.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.ts';
import { createCertificateKeeper } from '../../../src/platform/certificate-keeper.ts';
import { checkTlsPair, readTlsFiles } from '../../../src/platform/tls-pair.ts';
import { createSelfSignedCertificate } from '../../support/certificates.ts';

it('a configuration that is kept already brings no certificate back that was replaced since', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-keeper-'));
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  const write = async ({ cert, key }: { cert: string; key: string }): Promise<void> => {
    await writeFile(files.certFile, cert);
    await writeFile(files.keyFile, key);
  };
  const [first, second] = [createSelfSignedCertificate(['localhost']), createSelfSignedCertificate(['localhost'])];
  await write(first);
  const reading = checkTlsPair(await readTlsFiles(files));
  if (reading.type === 'BAD') throw new Error(JSON.stringify(reading.problems));
  const inUse: string[] = [];
  const replaced = Promise.withResolvers<void>();
  const keeper = createCertificateKeeper({
    use: ({ certificate }) => {
      inUse.push(certificate);
      if (certificate === second.cert) replaced.resolve();
    },
    logger: { info: () => undefined, warn: () => undefined },
    clock: systemClock,
    intervalMs: 5,
  });
  const tls = { ...files, pair: reading.pair };
  keeper.keep(tls);
  await write(second);
  await replaced.promise;
  // A reload that would switch TLS off keeps what it stands on.
  keeper.keep(tls);
  expect(inUse).toEqual([first.cert, second.cert]);
  keeper.close();
  await rm(folder, { recursive: true });
});
