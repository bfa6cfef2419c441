// How credentials look from outside: what decides which way of signing in one belongs to.

const JSON_WEB_TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** Three dotted parts of base64url. */
export const isTokenForm = (presented: string): boolean => JSON_WEB_TOKEN.test(presented);

/** What every key begins with that this server makes. */
const MADE_HERE = 'slk_';
export const isMadeKeyForm = (presented: string): boolean => presented.startsWith(MADE_HERE);

/** `iss` of the tokens that this server makes for browsers. */
export const CLIENT_TOKEN_ISSUER = 'sluice-client-tokens';
