// What a server with NODE_ENV=production must have been told before it starts: nothing that loses data, makes answers up
// or sends secrets in the clear happens by default.

import { namesProviders } from './config-checks.ts';
import type { Environment } from './config-environment.ts';
import { type ConfigProblem, describeValue } from './config-errors.ts';
import { type ConfigFile, textAt, valueAt } from './config-file.ts';
import { isLoopbackHost } from './loopback-host.ts';

/** Where it listens; `inFile`: `server.host`. */
export const hostOf = ({ host, production }: Environment, inFile: string | undefined): string =>
  host ?? inFile ?? (production ? '0.0.0.0' : '127.0.0.1');

export function productionProblems(environment: Environment, file: ConfigFile | undefined): readonly ConfigProblem[] {
  if (!environment.production) return [];
  const problem = (field: string, expected: string): ConfigProblem => ({
    place: 'environment',
    line: undefined,
    field,
    found: 'nothing',
    expected,
  });
  const inMemory =
    environment.databaseUrl === undefined
      ? 'generations, streams and idempotency keys in memory, and keys and access in an embedded database (without DATABASE_URL)'
      : 'generations, streams and idempotency keys in memory';
  const problems = [...plainHttpProblems(environment, file)];
  if (!environment.allowEmbedded) {
    problems.push(
      problem(
        'SLUICE_ALLOW_EMBEDDED',
        `1 with NODE_ENV=production: this version keeps ${inMemory}, of one process, and loses it at a stop. Set it if that is what you want`,
      ),
    );
  }
  if (!environment.allowSimulator && !namesProviders(file)) {
    problems.push(
      problem(
        'SLUICE_ALLOW_SIMULATOR',
        '1 with NODE_ENV=production and no providers in a configuration file: answers would come from the simulator. Name providers and models in sluice.yaml, or set it if that is what you want',
      ),
    );
  }
  return problems;
}

const WHY =
  'with NODE_ENV=production keys and prompts go over https, except on this machine (HOST=127.0.0.1, for a proxy on it)';

/** Of the file as read: `server` may have other problems. */
function plainHttpProblems(environment: Environment, file: ConfigFile | undefined): readonly ConfigProblem[] {
  const host = hostOf(environment, textAt(file, ['server', 'host']));
  const proxies = valueAt(file, ['server', 'trustedProxies']);
  const hasProxies = Array.isArray(proxies) && proxies.length > 0;
  if (isLoopbackHost(host) || valueAt(file, ['server', 'tls']) !== undefined || hasProxies) return [];
  if (file === undefined) {
    const expected = `127.0.0.1, or a sluice.yaml with server.tls or server.trustedProxies: ${WHY}`;
    return [{ place: 'environment', line: undefined, field: 'HOST', found: describeValue(host), expected }];
  }
  const expected = `certFile and keyFile; or, in server.trustedProxies, the addresses of the proxy that ends TLS: ${WHY}`;
  return [{ place: file.name, line: file.lineOf(['server']), field: 'server.tls', found: 'nothing', expected }];
}
