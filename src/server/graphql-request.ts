// The envelope of GraphQL over HTTP: what a body must look like before anything reads the document.

import { SluiceError } from '../core/errors.ts';

export interface GraphQLRequestBody {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws SluiceError BAD_USER_INPUT, PERSISTED_DOCUMENT_NOT_FOUND */
export function readGraphQLRequest(body: unknown): GraphQLRequestBody {
  if (Array.isArray(body)) {
    throw new SluiceError('BAD_USER_INPUT', 'Batches of operations are not accepted: send one operation per request.');
  }
  if (!isObject(body)) throw new SluiceError('BAD_USER_INPUT', 'The request body must be a JSON object.');
  const { query, operationName, variables, extensions } = body;
  const optional = <T>(
    name: string,
    value: unknown,
    kind: string,
    is: (value: unknown) => value is T,
  ): T | undefined => {
    if (value === undefined || value === null) return undefined;
    if (!is(value)) throw new SluiceError('BAD_USER_INPUT', `"${name}" must be ${kind}.`);
    return value;
  };
  const isString = (value: unknown): value is string => typeof value === 'string';
  const readExtensions = optional('extensions', extensions, 'an object', isObject);
  if (readExtensions?.['persistedQuery'] !== undefined || (query === undefined && body['documentId'] !== undefined)) {
    throw new SluiceError('PERSISTED_DOCUMENT_NOT_FOUND');
  }
  if (typeof query !== 'string' || query.trim() === '') {
    throw new SluiceError('BAD_USER_INPUT', 'Send the GraphQL document as a string in "query".');
  }
  return {
    query,
    operationName: optional('operationName', operationName, 'a string', isString),
    variables: optional('variables', variables, 'an object', isObject),
    extensions: readExtensions,
  };
}
