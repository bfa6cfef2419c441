import { createTestPglite } from '../support/test-database.ts';
import { describeMigrations } from './migrations-conformance.ts';

describeMigrations('PGlite', createTestPglite);
