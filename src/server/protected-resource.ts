// What an OAuth client needs to know of this server, by itself (RFC 9728), and what it is told when it lacks something
// (RFC 6750, 3): how to sign in, what was wrong with its token, which scope is missing.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import { ACCESS_SCOPES } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import { codeOf } from '../graphql/format-error.ts';
import { answerJson } from './answer.ts';
import type { Client } from './read-client.ts';

export interface ProtectedResource {
  /** @throws SluiceError NOT_FOUND where nobody else vouches for tokens; METHOD_NOT_ALLOWED; BAD_USER_INPUT */
  answerMetadata(request: IncomingMessage, response: ServerResponse, client: Client): void;
  /** Value of `WWW-Authenticate` for an answer with these errors; undefined: none. */
  challenge(request: IncomingMessage, client: Client, errors: readonly GraphQLFormattedError[]): string | undefined;
}

export interface ProtectedResourceOptions {
  /** How clients reach the server; undefined: as they say themselves. */
  readonly publicUrl: string | undefined;
  /** Issuers of tokens; undefined: tokens of others are no way to sign in. */
  readonly authorizationServers: readonly string[] | undefined;
}

/** Where RFC 9728 has the metadata of the server and of its `/graphql`: there is one resource. */
export const METADATA_PATHS: readonly string[] = [
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/graphql',
];
const RESOURCE_PATH = '/graphql';
const READING: readonly (string | undefined)[] = ['GET', 'HEAD'];
const METHODS = 'GET, HEAD, OPTIONS';
/** Whoever asks by a name of its own is told of that name: not for caches that others share. */
const CACHE_PUBLIC = 'public, max-age=3600';
const CACHE_PRIVATE = 'private, max-age=300';
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
const BEARER = /^bearer +\S+ *$/i;
const REALM = 'Bearer realm="sluice"';

export function createProtectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const { publicUrl, authorizationServers } = options;

  /** undefined: the request names no proper host. */
  function baseOf({ headers }: IncomingMessage, { connection }: Client): string | undefined {
    if (publicUrl !== undefined) return publicUrl;
    const { host = '' } = headers;
    if (host.length > 255 || !HOST.test(host)) return undefined;
    return `${connection === 'TLS' ? 'https' : 'http'}://${host.toLowerCase()}`;
  }

  function metadataParameter(request: IncomingMessage, client: Client): string {
    const base = authorizationServers === undefined ? undefined : baseOf(request, client);
    return base === undefined ? '' : `, resource_metadata="${base}${METADATA_PATHS[1]}"`;
  }

  return {
    answerMetadata(request, response, client) {
      if (authorizationServers === undefined) {
        throw new SluiceError('NOT_FOUND', 'This server takes no tokens of identity providers.');
      }
      response.setHeader('Access-Control-Allow-Origin', '*');
      response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
      if (request.method === 'OPTIONS') {
        response.setHeader('Access-Control-Allow-Methods', METHODS);
        response.setHeader('Access-Control-Allow-Headers', '*');
        response.setHeader('Access-Control-Max-Age', 86_400);
        response.writeHead(204, { Allow: METHODS, 'Content-Length': 0 }).end();
        return;
      }
      if (!READING.includes(request.method)) {
        response.setHeader('Allow', METHODS);
        throw new SluiceError('METHOD_NOT_ALLOWED', 'Use GET.');
      }
      const base = baseOf(request, client);
      if (base === undefined) throw new SluiceError('BAD_USER_INPUT', 'The "Host" header names no host.');
      response.setHeader('Cache-Control', publicUrl === undefined ? CACHE_PRIVATE : CACHE_PUBLIC);
      answerJson(response, 200, {
        resource: base + RESOURCE_PATH,
        // An empty list is to be left out.
        ...(authorizationServers.length === 0 ? {} : { authorization_servers: authorizationServers }),
        scopes_supported: ACCESS_SCOPES,
        bearer_methods_supported: ['header'],
      });
    },
    challenge(request, client, errors) {
      const [error] = errors;
      const code = codeOf(error);
      if (error === undefined) return undefined;
      if (code === 'INSUFFICIENT_SCOPE') {
        const scope = error.extensions?.['neededScope'];
        const needed = typeof scope === 'string' ? `, scope="${quotable(scope)}"` : '';
        return `${REALM}, error="insufficient_scope"${needed}${metadataParameter(request, client)}`;
      }
      if (code !== 'UNAUTHENTICATED') return undefined;
      const what = problemOf(request);
      // Who sent nothing has done nothing wrong as yet.
      const told = what === undefined ? '' : `, error="${what}", error_description="${quotable(error.message)}"`;
      return `${REALM}${told}${metadataParameter(request, client)}`;
    },
  };
}

function problemOf({ headers }: IncomingMessage): 'invalid_request' | 'invalid_token' | undefined {
  const { authorization = '', 'x-api-key': apiKey = '' } = headers;
  if (authorization === '') return apiKey === '' ? undefined : 'invalid_token';
  const isOdd = !BEARER.test(authorization) || (apiKey !== '' && !authorization.trimEnd().endsWith(` ${apiKey}`));
  return isOdd ? 'invalid_request' : 'invalid_token';
}

/** What RFC 6750 lets stand between the quotes. */
const quotable = (text: string): string =>
  text
    .replaceAll('"', "'")
    .replaceAll('’', "'")
    .replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '');
