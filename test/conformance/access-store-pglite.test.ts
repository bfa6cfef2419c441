import { createTestPglite } from '../support/test-database.ts';
import { describeAccessStore } from './access-store-conformance.ts';

describeAccessStore('PGlite', createTestPglite);
