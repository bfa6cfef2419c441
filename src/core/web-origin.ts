// Web origins as browsers send them in the header `Origin`.

/** Scheme, host and port, in lower case and without a port that its scheme implies, e.g. `https://app.example.com`. */
export function isWebOrigin(text: string): boolean {
  if (text.length > LONGEST || !/^https?:/.test(text) || !URL.canParse(text)) return false;
  return new URL(text).origin === text;
}

const LONGEST = 300;
