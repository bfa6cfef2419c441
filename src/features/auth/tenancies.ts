// The port through which tokens learn where their user belongs and which roles were given to them.

import type { Tenancy, TenancyQuery } from '../../core/access.ts';

export interface Tenancies {
  /**
   * At once where it is at hand. undefined: no such organization or project (or none, or several, where the query names no
   * project). Disabled ones are found: who asks decides.
   * @throws SluiceError AUTHENTICATION_UNAVAILABLE
   */
  find(query: TenancyQuery): Tenancy | undefined | Promise<Tenancy | undefined>;
}
