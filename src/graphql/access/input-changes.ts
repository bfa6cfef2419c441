// Inputs that change a record: what is left out stays as it is, null takes away what can be absent.

import { SluiceError } from '../../core/errors.ts';

type Changed<Name extends string, Value> = { readonly [name in Name]?: Value };

/** undefined for both kinds of nothing, where they mean the same. */
export const given = <Value>(value: Value | null | undefined): Value | undefined => value ?? undefined;

/** Of what can be absent. */
export const setOrClear = <Name extends string, Value>(
  name: Name,
  value: Value | null | undefined,
): Changed<Name, Value | undefined> =>
  (value === undefined ? {} : { [name]: value ?? undefined }) as Changed<Name, Value | undefined>;

/** Of what is always there. @throws SluiceError BAD_USER_INPUT for null. */
export function setOnly<Name extends string, Value>(name: Name, value: Value | null | undefined): Changed<Name, Value> {
  if (value === null) {
    throw new SluiceError('BAD_USER_INPUT', `"${name}" cannot be null: leave it out to keep it as it is.`, {
      inputPath: ['input', name],
    });
  }
  return (value === undefined ? {} : { [name]: value }) as Changed<Name, Value>;
}
