// What the access store promises on every database. One is opened for all of it.

import { afterAll, beforeAll, describe } from '@jest/globals';
import { type AccessTestBed, openAccessTestBed } from '../support/access-test-bed.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { testAuditLog, testChanges } from './access-store-audit.ts';
import { testLimits, testRoleGrants, testSwitches } from './access-store-grants.ts';
import { testApiKeys } from './access-store-keys.ts';
import { testOrganizations } from './access-store-organizations.ts';
import { testPages } from './access-store-pages.ts';
import { testSignIn } from './access-store-sign-in.ts';

export function describeAccessStore(name: string, create: () => Promise<TestDatabase>): void {
  describe(`the access store on ${name}`, () => {
    let opened: AccessTestBed;
    beforeAll(async () => {
      opened = await openAccessTestBed(create);
    });
    afterAll(() => opened[Symbol.asyncDispose]());
    const bed = (): AccessTestBed => opened;

    describe('organizations and projects', () => testOrganizations(bed));
    describe('API keys', () => testApiKeys(bed));
    describe('signing in', () => testSignIn(bed));
    describe('roles of users', () => testRoleGrants(bed));
    describe('limits and budgets', () => testLimits(bed));
    describe('switches', () => testSwitches(bed));
    describe('the audit log', () => testAuditLog(bed));
    describe('changes', () => testChanges(bed));
    describe('pages', () => testPages(bed));
  });
}
