// Tells whether a folder holds an embedded database, without loading one.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a database was made there, to the end. */
export const isDatabase = (directory: string): boolean => existsSync(join(directory, 'PG_VERSION'));
