// The `code` of an error of the system, e.g. ENOENT. Not by `instanceof`: errors may come from another realm.

export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
