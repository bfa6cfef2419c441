// An input refusal for fields whose result has no member for it (`estimate`, subscriptions): the same code, thrown.

import { ERROR_TABLE, type ErrorCode, SluiceError } from '../../core/errors.ts';
import type { InvalidInput } from '../../core/generation.ts';

export function toInvalidInputError({ code, message, path }: InvalidInput): SluiceError {
  return new SluiceError(isErrorCode(code) ? code : 'INVALID', message, { inputPath: path });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, code);
}
