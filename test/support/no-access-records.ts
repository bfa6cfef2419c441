// The admin API of a server without a database: looking at oneself works, everything else says that it does not answer.

import { systemClock } from '../../src/core/clock.ts';
import { SluiceError } from '../../src/core/errors.ts';
import { type AccessAdmin, createAccessAdmin } from '../../src/features/access/access-admin.ts';
import type { AccessStore } from '../../src/features/access/access-store.ts';

const unavailable = async (): Promise<never> => {
  throw new SluiceError('ACCESS_UNAVAILABLE');
};
const repository = new Proxy({}, { get: () => unavailable });
const refuse = async (): Promise<never> => {
  throw new SluiceError('CONFLICT');
};
const noSwitches = { list: async () => [], set: refuse };

export const adminWithoutRecords = (): AccessAdmin => adminOf(repository);

const nothing: Readonly<Record<string, unknown>> = {
  list: { items: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0 },
  find: new Map(),
  counts: new Map(),
};
const emptyRepository = new Proxy(
  {},
  {
    get: (_target, method) => async () => {
      if (method === 'create' || method === 'set') throw new SluiceError('CONFLICT');
      return nothing[String(method)];
    },
  },
);

/** The same over a database that answers: there is nothing in it, and nothing can be put there. */
export const adminOfNothing = (): AccessAdmin => adminOf(emptyRepository);

const adminOf = (records: object): AccessAdmin =>
  createAccessAdmin({
    store: new Proxy({}, { get: (_target, name) => (name === 'switches' ? noSwitches : records) }) as AccessStore,
    isPresent: () => false,
    mintKey: () => {
      throw new SluiceError('CONFLICT');
    },
    clock: systemClock,
  });
