// The admin API of a server without a database: looking at oneself works, everything else says that it does not answer.

import { systemClock } from '../../src/core/clock.ts';
import { SluiceError } from '../../src/core/errors.ts';
import { type AccessAdmin, createAccessAdmin } from '../../src/features/access/access-admin.ts';
import type { AccessStore } from '../../src/features/access/access-store.ts';

const unavailable = async (): Promise<never> => {
  throw new SluiceError('ACCESS_UNAVAILABLE');
};
const repository = new Proxy({}, { get: () => unavailable });

export const adminWithoutRecords = (): AccessAdmin =>
  createAccessAdmin({
    store: new Proxy({}, { get: () => repository }) as AccessStore,
    isPresent: () => false,
    mintKey: () => {
      throw new Error('a key was made although there is nowhere to keep it');
    },
    clock: systemClock,
  });
