// Which document an operation runs: the text it brought, or the trusted one it names, as the caller's mode has it. Every
// transport asks here once it knows who calls; what a mode refuses is never parsed.

import { getOperationAST } from 'graphql';
import { type Caller, type DocumentMode, loggedPrincipal } from '../core/caller.ts';
import { SluiceError } from '../core/errors.ts';
import { hashOfDocumentId, hashOfText } from '../platform/document-manifest.ts';
import type { DocumentResult, Documents } from './documents.ts';
import type { TrustedDocument, TrustedDocuments } from './trusted-documents.ts';

/** At least one of `query` and `documentId` is given. */
export interface DocumentRequest {
  readonly query: string | undefined;
  /** As sent. */
  readonly documentId: string | undefined;
  readonly operationName?: string | undefined;
}

export interface FoundDocument {
  readonly text: string;
  readonly result: DocumentResult;
}

/** @throws SluiceError PERSISTED_DOCUMENT_NOT_FOUND, BAD_USER_INPUT and what reading a document throws. */
export type FindDocument = (
  request: DocumentRequest,
  caller: Pick<Caller, 'documentMode' | 'principalId'>,
) => FoundDocument;

export interface FindDocumentOptions {
  readonly documents: Documents;
  readonly trusted: TrustedDocuments;
  readonly logger: { warn(fields: object, message: string): void };
}

/** Texts that are in no manifest are told once each, up to so many. */
const mostTold = 1_000;
const longestName = 100;

const notFound = (message: string): SluiceError => new SluiceError('PERSISTED_DOCUMENT_NOT_FOUND', message);

const unknownId = 'No trusted document has this id: have the manifest that your build wrote added to the server.';
const unknownIds: Readonly<Record<DocumentMode, string>> = {
  off: 'This server knows no documents by their id: send the document itself as "query".',
  log: `${unknownId} Until then send the document itself as "query".`,
  'allow-known': unknownId,
  require: unknownId,
};

export function createFindDocument({ documents, trusted, logger }: FindDocumentOptions): FindDocument {
  const told = new Set<string>();

  const read = (text: string): FoundDocument => ({ text, result: documents.get(text) });

  function findById(
    request: DocumentRequest & { readonly documentId: string },
    mode: Exclude<DocumentMode, 'off'>,
  ): FoundDocument | undefined {
    const { documentId, query } = request;
    const hash = hashOfDocumentId(documentId);
    if (hash === undefined) {
      throw notFound('An id is "sha256:" and 64 lower-case hex digits: the SHA-256 of the text of a trusted document.');
    }
    const named = trusted.get(hash);
    if (query !== undefined) requireFit(query, hash, named, trusted);
    if (named === undefined && !(mode === 'log' && query !== undefined)) throw notFound(unknownIds[mode]);
    return named;
  }

  function findKnown(text: string): FoundDocument {
    const hash = hashOfText(text);
    const known = trusted.get(hash);
    if (known !== undefined) return known;
    if (trusted.match(text, hash) !== undefined) return read(text);
    throw notFound(
      'This document is not among those that may run with your key: have it added to the manifest of the server.',
    );
  }

  /** Runs whatever it is, and tells what a stricter mode would refuse. */
  function findAny(text: string, request: DocumentRequest, principal: string): FoundDocument {
    const hash = hashOfText(text);
    const known = trusted.get(hash);
    if (known !== undefined) return known;
    const found = read(text);
    // What is not valid does not run in any mode.
    if (found.result.type === 'INVALID' || told.has(hash) || told.size >= mostTold) return found;
    if (trusted.match(text, hash) !== undefined) return found;
    told.add(hash);
    const name = getOperationAST(found.result.document, request.operationName)?.name?.value;
    const fields = { documentId: `sha256:${hash}`, operation: name?.slice(0, longestName), principal };
    logger.warn(fields, 'a document that is not in the manifest of trusted documents ran');
    if (told.size === mostTold) logger.warn({}, `${mostTold} such documents were told: no more are until a reload`);
    return found;
  }

  return (request, caller) => {
    const mode = caller.documentMode ?? trusted.mode;
    const { query = '', documentId } = request;
    if (documentId !== undefined) {
      if (mode === 'off')
        throw notFound(query === '' ? unknownIds.off : 'This server knows no documents by their id: leave it out.');
      const named = findById({ ...request, documentId }, mode);
      if (named !== undefined) return named;
    }
    switch (mode) {
      case 'off':
        return read(query);
      case 'log':
        return findAny(query, request, loggedPrincipal(caller));
      case 'allow-known':
        return findKnown(query);
      case 'require':
        throw notFound(
          'Your key runs trusted documents only: send the id of one as "documentId" ("sha256:<hex>"), not a text as "query".',
        );
    }
  };
}

/** Clients that cannot leave the text out send both; which of them counts must not matter. */
function requireFit(text: string, hash: string, named: TrustedDocument | undefined, trusted: TrustedDocuments): void {
  const ownHash = hashOfText(text);
  if (ownHash === hash || (named !== undefined && trusted.match(text, ownHash) === named)) return;
  throw new SluiceError(
    'BAD_USER_INPUT',
    'The document in "query" is not the one that the id names: send one of them, or both of the same document.',
  );
}
