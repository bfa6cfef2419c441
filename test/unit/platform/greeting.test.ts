import { describe, expect, it } from '@jest/globals';
import { adminKeyNotice, greeting, type ShownAdminKey, shownAdminKey } from '../../../src/platform/greeting.ts';
import { createSecret } from '../../../src/platform/secret.ts';

const KEY = 'slk_0123456789ab_0123456789abcdef0123456789abcdef0123456789a';
const key = createSecret(KEY);
const greet = (adminKey: ShownAdminKey): string =>
  greeting({ url: 'http://127.0.0.1:4000', tls: undefined, adminKey, model: 'sim-fast', documentMode: 'off' });

describe('the greeting', () => {
  it('shows the key that the data folder keeps, and a call with it', () => {
    const text = greet(shownAdminKey({ adminKey: key, adminKeyFile: '/data/admin-key', madeNow: undefined }));
    expect(text).toContain(`Admin key: ${KEY} (kept in /data/admin-key)`);
    expect(text).toContain(`-H "Authorization: Bearer ${KEY}"`);
  });

  it('does not show a key from the environment', () => {
    const text = greet(shownAdminKey({ adminKey: key, adminKeyFile: undefined, madeNow: undefined }));
    expect(text).toContain('Admin key: $SLUICE_ADMIN_KEY (from the environment)');
    expect(text).not.toContain(KEY);
  });

  it('shows a key that is stored hashed when it is made, and tells later that it was', () => {
    const now = greet(shownAdminKey({ adminKey: undefined, adminKeyFile: undefined, madeNow: key }));
    expect(now).toContain(`Admin key: ${KEY} (made now and shown this once`);
    expect(now).toContain(`-H "Authorization: Bearer ${KEY}"`);
    const later = greet(shownAdminKey({ adminKey: undefined, adminKeyFile: undefined, madeNow: undefined }));
    expect(later).toContain('the one that was shown when the database was new');
    expect(later).toContain('-H "Authorization: Bearer <your key>"');
  });

  it('is one line where nobody but the log is told', () => {
    expect(adminKeyNotice(key).trim()).toMatch(new RegExp(`^Admin key: ${KEY} .*shown this once.*$`));
  });
});
