import { createTestPostgres } from '../support/test-database.ts';
import { describeSqlDatabase } from './sql-database-conformance.ts';

describeSqlDatabase('Postgres', () => createTestPostgres({ empty: true }));
