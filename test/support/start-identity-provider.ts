// An identity provider for one test, on loopback: metadata, keys, introspection; it signs whatever it is asked to, and
// misbehaves when told to.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** As it is published. */
  readonly jwk: JWK;
}

export async function createSigningKey(alg = 'ES256', kid = `${alg}-1`): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** down: the connection is cut. slow: no answer, ever. huge: more than a mebibyte. garbage: no JSON. */
export type Behaviour = 'well' | 'down' | 'slow' | 'huge' | 'garbage';

export interface TestIdentityProvider extends AsyncDisposable {
  /** Its issuer as well. */
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Published, in order; to be changed at will. */
  keys: SigningKey[];
  behaviour: Behaviour;
  /** What introspection says of a token, by the form that was sent. */
  introspect: (form: URLSearchParams, request: IncomingMessage) => { status?: number; body: unknown };
  /** Changes answers of its metadata; undefined: 404. */
  metadata: (path: string) => Record<string, unknown> | undefined;
  /** Claims besides `iss`, `aud` (`sluice`), `sub`, `iat` and `exp` (in an hour); undefined leaves one out. */
  sign(claims?: Record<string, unknown>, options?: SignOptions): Promise<string>;
}

export interface SignOptions {
  readonly key?: SigningKey;
  /** Besides `alg` and `kid`; undefined leaves one out. */
  readonly header?: Record<string, unknown>;
}

const without = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

export async function startIdentityProvider(keys: readonly SigningKey[]): Promise<TestIdentityProvider> {
  const held = new Set<ServerResponse>();
  const sockets = new Set<{ destroy(): void }>();
  const json = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://nowhere').pathname;
    provider.asked.push(path);
    const { behaviour } = provider;
    if (behaviour === 'down') return void request.socket.destroy();
    if (behaviour === 'slow') return void held.add(response);
    if (behaviour === 'huge') return void response.end(`{"keys":[${' '.repeat(1024 * 1024)}]}`);
    if (behaviour === 'garbage') return void response.end('<html>Sign in</html>');
    if (path === '/jwks') return json(response, 200, { keys: provider.keys.map(({ jwk }) => jwk) });
    if (path === '/introspect') {
      let text = '';
      for await (const chunk of request) text += chunk;
      const { status = 200, body } = provider.introspect(new URLSearchParams(text), request);
      return json(response, status, body);
    }
    const metadata = provider.metadata(path);
    return metadata === undefined ? json(response, 404, {}) : json(response, 200, metadata);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const provider: TestIdentityProvider = {
    url,
    asked: [],
    keys: [...keys],
    behaviour: 'well',
    introspect: () => ({ body: { active: false } }),
    metadata: (path) =>
      path === '/.well-known/openid-configuration' ? { issuer: url, jwks_uri: `${url}/jwks` } : undefined,
    sign(claims = {}, { key = provider.keys[0], header = {} } = {}) {
      if (key === undefined) throw new Error('there is no key to sign with');
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const usual = { iss: url, aud: 'sluice', sub: 'ann', iat: nowSeconds, exp: nowSeconds + 3_600 };
      return new SignJWT(without({ ...usual, ...claims }) as JWTPayload)
        .setProtectedHeader(without({ alg: key.alg, kid: key.kid, ...header }))
        .sign(key.privateKey);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return provider;
}
