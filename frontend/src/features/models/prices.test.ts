import { expect, test } from 'vitest';
import type { ModelPrice, PriceOverride } from '../../lib/api/types.gen';
import { overrideDraft, overrideForm, price } from './prices';

test.each([
  [undefined, '–'],
  [0, 'free'],
  [2.5, '$2.50'],
  [15, '$15.00'],
  [2400, '$2,400.00'],
  [0.15, '$0.15'],
  [0.075, '$0.075'],
  [0.0045, '$0.0045'],
])('price(%s) = %s', (usd, text) => expect(price(usd)).toBe(text));

test('an override begins with the prices of its model, and an emptied one is left to the catalogue', () => {
  const form = overrideForm(undefined, { provider: 'p', model: 'm', prices: { input: 1, output: 2 } } as unknown as ModelPrice);
  form.prices.output = undefined;
  expect(overrideDraft(form)).toEqual({ name: 'p/m', scope_kind: 'provider', provider_id: 'p', match_type: 'exact', pattern: 'm', request_types: [], per_1m: { input: 1 } });
});

test('the scope follows from whom it is for', () => {
  const from = { name: 'n', match_type: 'wildcard', pattern: 'gpt-*', virtual_key_id: 'v', per_1m: { input: 3 } } as unknown as PriceOverride;
  expect(overrideDraft(overrideForm(from))).toMatchObject({ scope_kind: 'virtual_key', virtual_key_id: 'v', pattern: 'gpt-*' });
  expect(overrideDraft({ ...overrideForm(from), provider: 'p' }).scope_kind).toBe('virtual_key_provider');
  expect(overrideDraft({ ...overrideForm(), pattern: 'x' })).toMatchObject({ scope_kind: 'global', name: 'x' });
  const pinned = { ...from, provider_id: 'p', provider_key_id: 'k', request_types: ['embedding'] };
  expect(overrideDraft(overrideForm(pinned))).toMatchObject({ scope_kind: 'virtual_key_provider_key', provider_key_id: 'k', request_types: ['embedding'] });
});
