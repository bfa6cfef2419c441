// The audit suite of GraphQL over HTTP against the whole gateway. What remains are notices on GET: queries by GET stay
// off, so that a link or an image on a foreign page can start nothing.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { adminKey, startGateway, type TestGateway } from '../support/start-gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const audits = serverAudits({
  url: () => gateway.graphqlUrl,
  fetchFn: (url: string, init: RequestInit = {}) => {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${adminKey}` };
    return fetch(url, { ...init, headers });
  },
});

/** By id; each says MAY. */
const notices = ['5A70', '6A70', 'D6D5'];

describe('the audits of GraphQL over HTTP', () => {
  const demands = audits.filter(({ name }) => /\b(MUST|SHOULD)\b/.test(name));

  it('hold demands, and options by the ids known here', () => {
    expect(demands.length).toBeGreaterThan(30);
    expect(audits.filter(({ id }) => notices.includes(id)).every(({ name }) => name.startsWith('MAY '))).toBe(true);
  });

  it.each(demands.map((audit) => [audit.name, audit.id, audit] as const))('%s (%s)', async (_name, _id, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' });
  });

  it('leave exactly the three notices on GET', async () => {
    const results = await Promise.all(audits.map(async ({ fn }) => await fn()));
    const rest = results.filter(({ status }) => status !== 'ok').map(({ id, status }) => `${id} ${status}`);
    expect(rest.sort()).toEqual(notices.map((id) => `${id} notice`));
  });
});
