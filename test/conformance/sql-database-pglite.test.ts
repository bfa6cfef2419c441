import { createTestPglite } from '../support/test-database.ts';
import { describeSqlDatabase } from './sql-database-conformance.ts';

describeSqlDatabase('PGlite', createTestPglite);
