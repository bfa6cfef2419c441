// What fields of `auth.jwt` and `auth.introspection` must agree on.

import { CLIENT_TOKEN_ISSUER } from '../core/credential-form.ts';
import { describeField } from './config-schema.ts';
import { isTrue, itemsOf, listOf, type Mapping, mappingAt, type Report, textOf } from './config-values.ts';
import { isLoopbackHost } from './loopback-host.ts';

type ReportHere = (path: readonly PropertyKey[], found: string, expected: string) => void;

export function checkSignIn(root: unknown, report: Report): void {
  const seen = new Map<string, number>();
  itemsOf(root, ['auth', 'jwt']).forEach((issuer, index) => {
    const here: ReportHere = (path, found, expected) => report(['auth', 'jwt', index, ...path], found, expected);
    const name = textOf(issuer['issuer']);
    const first = name === undefined ? undefined : seen.get(name);
    if (first !== undefined) {
      here(['issuer'], `the same issuer as auth.jwt[${first}].issuer`, 'one of its own: list all audiences there');
    } else if (name !== undefined) seen.set(name, index);
    checkOwnName(issuer, here);
    checkIssuer(issuer, here);
    checkMapping(issuer, here);
  });
  const introspection = mappingAt(root, ['auth', 'introspection']);
  if (Object.keys(introspection).length === 0) return;
  const here: ReportHere = (path, found, expected) => report(['auth', 'introspection', ...path], found, expected);
  checkOwnName(introspection, here);
  checkAddress(introspection, 'endpoint', here);
  checkMapping(introspection, here);
}

function checkIssuer(issuer: Mapping, report: ReportHere): void {
  const name = textOf(issuer['issuer']);
  if (issuer['jwksUri'] !== undefined) checkAddress(issuer, 'jwksUri', report);
  else if (name !== undefined && !/^https?:\/\/[^?#@\\]+$/i.test(name)) {
    const expected = 'an https:// address, where its metadata is, or jwksUri to say where its keys are';
    report(['issuer'], describeField(['issuer'], issuer['issuer']), expected);
  } else checkAddress(issuer, 'issuer', report);
}

function checkAddress(settings: Mapping, field: string, report: ReportHere): void {
  const address = textOf(settings[field]);
  if (address === undefined || !URL.canParse(address)) return;
  const { protocol, hostname } = new URL(address);
  if (protocol !== 'http:' || isLoopbackHost(hostname) || isTrue(settings['allowInsecure'])) return;
  const expected = 'https://, or allowInsecure: true to trust whoever is on the way';
  report([field], describeField([field], settings[field]), expected);
}

/** Names of users of client tokens begin like those of the issuer `client` would. */
function checkOwnName(settings: Mapping, report: ReportHere): void {
  const name = textOf(settings['issuer']);
  if (name !== CLIENT_TOKEN_ISSUER && !/^client(?:\/|$)/.test(name ?? '')) return;
  report(['issuer'], `"${name}"`, 'the issuer of your identity provider: this one is the server itself');
}

/** Where a token belongs, and who may hand out the highest role, is said and not guessed. */
function checkMapping(settings: Mapping, report: ReportHere): void {
  const claims = mappingAt(settings, ['claims']);
  const defaults = mappingAt(settings, ['defaults']);
  if (claims['organization'] === undefined && defaults['organization'] === undefined) {
    const expected =
      'the claim that names the organization, or defaults.organization for all tokens of it (the organization of this file’s own keys is "default")';
    report(['claims', 'organization'], 'nothing', expected);
  }
  if (isTrue(settings['mayGrantOperator'])) return;
  const expected = 'MEMBER or ADMIN, or mayGrantOperator: true beside it';
  listOf(defaults['roles']).forEach((role, index) => {
    if (textOf(role) === 'OPERATOR') report(['defaults', 'roles', index], '"OPERATOR"', expected);
  });
  for (const [name, role] of Object.entries(mappingAt(settings, ['roleNames']))) {
    if (textOf(role) === 'OPERATOR') report(['roleNames', name], '"OPERATOR"', expected);
  }
}
