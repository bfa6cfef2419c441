// Where a credential is used from: the web origin a browser names, and the client's address. What is allowed is told to
// nobody who is not allowed.

import { SluiceError } from '../../core/errors.ts';
import { type AddressRanges, createAddressRanges } from '../../platform/address-ranges.ts';
import type { Identity } from './sign-in.ts';

export interface Place {
  /** `Origin` as sent; undefined: none was. */
  readonly origin?: string | undefined;
  /** Of the client, past trusted proxies; undefined: not known, which is in no range. */
  readonly address?: string | undefined;
}

const ranges = new WeakMap<readonly string[], AddressRanges>();

function rangesOf(cidrs: readonly string[]): AddressRanges {
  const known = ranges.get(cidrs);
  if (known !== undefined) return known;
  const made = createAddressRanges(cidrs);
  ranges.set(cidrs, made);
  return made;
}

/** @throws SluiceError FORBIDDEN */
export function requirePlace(
  { allowedOrigins, allowedCidrs }: Pick<Identity, 'allowedOrigins' | 'allowedCidrs'>,
  { origin, address }: Place,
): void {
  if (allowedOrigins !== undefined) {
    if (origin === undefined || origin === '') {
      throw new SluiceError(
        'FORBIDDEN',
        'Your key or token is for web pages of certain origins, and the request names no origin. Browsers send one by themselves; other clients have to send the header Origin, or use a key that is not bound to origins.',
      );
    }
    if (!allowedOrigins.includes(origin)) {
      throw new SluiceError(
        'FORBIDDEN',
        'Your key or token may not be used from this origin. Who manages it can add the origin to it.',
      );
    }
  }
  if (allowedCidrs !== undefined && (address === undefined || !rangesOf(allowedCidrs).has(address))) {
    throw new SluiceError(
      'FORBIDDEN',
      'Your key or token may not be used from your network address. Who manages it can add the address to it.',
    );
  }
}
