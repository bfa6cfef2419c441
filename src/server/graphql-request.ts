// The envelope of GraphQL over HTTP: what a body, or the payload of a `subscribe` message, must look like before anything
// reads the document.

import { SluiceError } from '../core/errors.ts';

export interface GraphQLRequestBody {
  /** The document as text. It, or `documentId`, is given. */
  readonly query: string | undefined;
  /** The id of a trusted document, as sent: `documentId`, or the hash of Apollo's `persistedQuery` extension. */
  readonly documentId: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** Without `persistedQuery`. */
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isString = (value: unknown): value is string => typeof value === 'string';

/** @throws SluiceError BAD_USER_INPUT */
export function readGraphQLRequest(body: unknown): GraphQLRequestBody {
  if (Array.isArray(body)) {
    throw new SluiceError('BAD_USER_INPUT', 'Batches of operations are not accepted: send one operation per request.');
  }
  if (!isObject(body)) throw new SluiceError('BAD_USER_INPUT', 'The request body must be a JSON object.');
  const { persistedQuery, ...extensions } = optional('extensions', body['extensions'], 'an object', isObject) ?? {};
  const documentId = readDocumentId(body['documentId'], persistedQuery);
  const query = optional('query', body['query'], 'a string with the GraphQL document', isString);
  // Clients that have to send a text send an empty one beside an id.
  const text = query?.trim() === '' ? undefined : query;
  if (text === undefined && documentId === undefined) {
    throw new SluiceError('BAD_USER_INPUT', 'Send the GraphQL document as a string in "query".');
  }
  return {
    query: text,
    documentId,
    operationName: optional('operationName', body['operationName'], 'a string', isString),
    variables: optional('variables', body['variables'], 'an object', isObject),
    extensions: Object.keys(extensions).length === 0 ? undefined : extensions,
  };
}

function optional<T>(name: string, value: unknown, kind: string, is: (value: unknown) => value is T): T | undefined {
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw new SluiceError('BAD_USER_INPUT', `"${name}" must be ${kind}.`);
  return value;
}

/** Two ways to name one document; sent together they name the same. */
function readDocumentId(sent: unknown, persistedQuery: unknown): string | undefined {
  const documentId = optional('documentId', sent, 'a string', isString);
  const extension = optional('extensions.persistedQuery', persistedQuery, 'an object', isObject);
  if (extension === undefined) return documentId;
  const { version, sha256Hash } = extension;
  if (version !== undefined && version !== 1) {
    throw new SluiceError('BAD_USER_INPUT', '"extensions.persistedQuery.version" must be 1.');
  }
  if (!isString(sha256Hash)) {
    throw new SluiceError('BAD_USER_INPUT', '"extensions.persistedQuery.sha256Hash" must be a string.');
  }
  if (documentId !== undefined && withoutPrefix(documentId) !== withoutPrefix(sha256Hash)) {
    throw new SluiceError(
      'BAD_USER_INPUT',
      '"documentId" and "extensions.persistedQuery" name two documents: send one.',
    );
  }
  return documentId ?? sha256Hash;
}

const withoutPrefix = (id: string): string => id.replace(/^sha256:/, '');
