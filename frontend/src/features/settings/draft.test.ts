import { expect, test } from 'vitest';
import type { Config } from '../../lib/api/types.gen';
import { changes, draftOf } from './draft';

const config = (auth = {}) =>
  ({
    client_config: { enable_logging: true, disable_content_logging: false, log_retention_days: 30, allowed_origins: [], allowed_hosts: [], max_request_body_size_mb: 100 },
    auth_config: { admin_username: '', admin_password: '', is_enabled: false, disable_auth_on_inference: false, ...auth },
    settings: { host: '127.0.0.1', port: 8080, theme: 'system', window_idle_minutes: 5, log_body_cap_kb: 4096, log_max_size_mb: 2048, log_error_days: 365, log_content_days: 0 },
  }) as unknown as Config;

test('only what was changed is sent', () => {
  const c = config();
  expect(changes(c, draftOf(c))).toEqual({});
  expect(changes(c, { ...draftOf(c), port: 9000, content: false, origins: ['http://localhost:3000'] })).toEqual({
    settings: { port: 9000 },
    client_config: { disable_content_logging: true, allowed_origins: ['http://localhost:3000'] },
  });
});

test('a password is turned on with a name, and off alone', () => {
  const off = config();
  expect(changes(off, { ...draftOf(off), passwordOn: true, password: 'pw' })).toEqual({
    auth_config: { is_enabled: true, admin_username: 'admin', admin_password: 'pw' },
  });
  const on = config({ is_enabled: true, admin_username: 'me', admin_password: '<redacted>' });
  expect(changes(on, { ...draftOf(on), passwordOn: false })).toEqual({ auth_config: { is_enabled: false } });
  expect(changes(on, { ...draftOf(on), password: 'new' })).toEqual({ auth_config: { admin_password: 'new' } });
});

test('a stored password is kept when it is turned on again', () => {
  const c = config({ admin_username: 'me', admin_password: '<redacted>' });
  expect(changes(c, { ...draftOf(c), passwordOn: true })).toEqual({
    auth_config: { is_enabled: true, admin_username: 'me', admin_password: '<redacted>' },
  });
});
