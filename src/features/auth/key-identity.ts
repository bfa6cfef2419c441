// Who signed in with an API key, and which secret of it was presented: what client tokens are bound to.

import type { Identity } from './sign-in.ts';

/** One secret of one key, by what may be told of it. */
export type KeyReference =
  | {
      readonly source: 'CONFIGURED';
      /** Name in the configuration. */
      readonly keyId: string;
      /** Changes with the key that stands there. */
      readonly secretId: string;
    }
  | {
      readonly source: 'STORED';
      readonly keyId: string;
      readonly secretId: string;
      /** Public start of the secret, by which it is found. */
      readonly prefix: string;
    };

export interface KeyIdentity extends Identity {
  readonly reference: KeyReference;
  renew(): KeyIdentity | undefined | Promise<KeyIdentity | undefined>;
}

export interface KeyLookup {
  /**
   * The key behind that very secret, as things stand now; undefined: it signs in nobody any more.
   * @throws SluiceError AUTHENTICATION_UNAVAILABLE
   */
  find(reference: KeyReference): KeyIdentity | undefined | Promise<KeyIdentity | undefined>;
}
