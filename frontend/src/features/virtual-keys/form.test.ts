import { expect, test } from 'vitest';
import type { VirtualKey } from '../../lib/api/types.gen';
import { keyDraft, keyForm, newGrant, reach } from './form';

const key = (more: Partial<VirtualKey>) =>
  ({ id: 'v', name: 'ci', description: '', is_active: true, expires_at: null, allow_all_providers: false, calendar_aligned: false, budgets: [], provider_configs: [], ...more }) as unknown as VirtualKey;

test('a new key may use everything, and its empty fields say so', () => {
  const form = keyForm();
  form.name = ' ci ';
  expect(keyDraft(form)).toEqual({
    name: 'ci', description: '', is_active: true, expires_at: null, team_id: null, customer_id: null,
    allow_all_providers: true, provider_configs: [], budgets: [], rate_limit: null, calendar_aligned: false,
  });
});

test('all models and keys of a provider are written as *, and a weight that is missing as null', () => {
  const form = keyForm(key({}));
  form.grants = [newGrant('openai'), { ...newGrant('azure'), weight: undefined, models: ['gpt-4o'], keys: ['k1'], denied: ['gpt-4'] }];
  expect(keyDraft(form).provider_configs).toEqual([
    { provider: 'openai', weight: 1, allowed_models: ['*'], blacklisted_models: [], key_ids: ['*'], budgets: [], rate_limit: null },
    { provider: 'azure', weight: null, allowed_models: ['gpt-4o'], blacklisted_models: ['gpt-4'], key_ids: ['k1'], budgets: [], rate_limit: null },
  ]);
});

test('what is read is written back', () => {
  const grant = { id: 'g', virtual_key_id: 'v', provider: 'openai', weight: 0.2, allowed_models: ['*'], blacklisted_models: [], allow_all_keys: true, key_ids: ['*'], keys: [], budgets: [], rate_limit: undefined };
  const form = keyForm(key({ team_id: 't', customer_id: 'c', expires_at: new Date(2030, 0, 31, 23, 59, 59).toISOString(), provider_configs: [grant] }));
  const draft = keyDraft(form);
  expect(form.expires).toBe('2030-01-31');
  expect([draft.team_id, draft.customer_id, draft.expires_at]).toEqual(['t', null, new Date(2030, 0, 31, 23, 59, 59).toISOString()]);
  expect(draft.provider_configs).toEqual([{ id: 'g', provider: 'openai', weight: 0.2, allowed_models: ['*'], blacklisted_models: [], key_ids: ['*'], budgets: [], rate_limit: null }]);
});

test('reach is said in words', () => {
  expect(reach(key({ allow_all_providers: true }))).toBe('all providers');
  expect(reach(key({}))).toBe('nothing yet');
});
