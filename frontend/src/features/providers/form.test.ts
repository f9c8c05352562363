import { expect, test } from 'vitest';
import type { Key, Kind } from '../../lib/api/types.gen';
import { draftOf, isKeyless, keyDraft, keyForm, modelWords, shownKey, startValues, visible, withBase } from './form';

const option = (name: string, scope: string, type: string, more = {}) => ({ name, scope, type, label: name, required: false, ...more });
const none = { blacklisted_models: [], aliases: {} };
const custom = {
  name: 'custom',
  custom: true,
  keyless: false,
  options: [
    option('base_provider_type', 'custom', 'select', { choices: [{ value: 'one', label: 'One' }] }),
    option('base_url', 'network', 'url'),
    option('is_key_less', 'custom', 'bool'),
    option('value', 'key', 'secret'),
  ],
} as unknown as Kind;

test('the form becomes what the API takes', () => {
  const values = { ...startValues(custom), 'network.base_url': ' http://localhost:1/v1 ', 'key.value': 'sk' };
  expect(draftOf(custom, ' mine ', values)).toEqual({
    provider: 'mine',
    custom_provider_config: { base_provider_type: 'one', is_key_less: false },
    network_config: { base_url: 'http://localhost:1/v1' },
    keys: [{ name: 'default', models: ['*'], weight: 1, value: 'sk' }],
  });
});

test('without a key there is none to fill in or to send', () => {
  const values = { ...startValues(custom), 'custom.is_key_less': true, 'key.value': 'left over' };
  expect(isKeyless(custom, values)).toBe(true);
  expect(visible(custom, values).map((o) => o.name)).not.toContain('value');
  expect(draftOf(custom, 'mine', values).keys).toEqual([]);
});

test('a provider of one\'s own asks for what its base asks for', () => {
  const base = { name: 'one', options: [option('value', 'key', 'secret'), option('region', 'key', 'text'), option('base_url', 'network', 'url')] } as unknown as Kind;
  expect(withBase(custom, base).options.map((o) => o.name)).toEqual(['base_provider_type', 'base_url', 'is_key_less', 'value', 'region']);
  expect(draftOf(withBase(custom, base), 'mine', { 'key.region': 'eu' }).keys).toEqual([{ name: 'default', models: ['*'], weight: 1, region: 'eu' }]);
  expect(withBase(base, custom)).toBe(base);
});

test('a key keeps its value unless a new one is typed', () => {
  const key = { name: 'k', models: ['*'], weight: 2, enabled: false } as Key;
  expect(keyDraft(keyForm(key, 1, undefined), undefined)).toEqual({ name: 'k', models: ['*'], ...none, weight: 2, enabled: false });
  expect(keyDraft({ ...keyForm(undefined, 1, undefined), value: ' env.X ', models: ['m'] }, undefined)).toEqual({ name: 'key-2', value: 'env.X', models: ['m'], ...none, weight: 1, enabled: true });
});

test('what a key serves, and under which names, is read and sent', () => {
  const key = { name: 'k', models: ['a'], blacklisted_models: ['regex:^old-'], aliases: { fast: 'a', eu: { model_id: 'b', region: 'eu' } }, weight: 1, enabled: true } as unknown as Key;
  expect(keyDraft(keyForm(key, 1, undefined), undefined)).toEqual(key);
});

test('what a key serves is said in short', () => {
  const key = (models: string[], blacklisted_models: string[]) => ({ models, blacklisted_models }) as Key;
  expect(modelWords(key(['*'], []))).toBe('all models');
  expect(modelWords(key(['*'], ['a', 'b']))).toBe('all models but 2');
  expect(modelWords(key(['a'], []))).toBe('1 model');
});

test('what a kind wants to know with a key is read and sent', () => {
  const kind = { options: [option('value', 'key', 'secret'), option('region', 'key', 'text')] } as unknown as Kind;
  const key = { name: 'k', models: ['*'], weight: 1, enabled: true, options: { region: 'eu' } } as unknown as Key;
  const form = keyForm(key, 1, kind);
  expect(form.options).toEqual({ 'key.region': 'eu' });
  expect(keyDraft(form, kind).options).toEqual({ region: 'eu' });
});

test('a secret option is never shown, and stays unless a new one is typed', () => {
  const kind = { options: [option('value', 'key', 'secret'), option('secret_key', 'key', 'secret')] } as unknown as Kind;
  const key = { name: 'k', models: ['*'], weight: 1, enabled: true, options: { secret_key: 'abcd********wxyz' } } as unknown as Key;
  const form = keyForm(key, 1, kind);
  expect(form.options).toEqual({ 'key.secret_key': '' });
  expect(keyDraft(form, kind).options).toEqual({});
  expect(keyDraft({ ...form, options: { 'key.secret_key': ' new ' } }, kind).options).toEqual({ secret_key: 'new' });
});

test('a kind that needs no key may still have options', () => {
  const kind = { name: 'local', keyless: true, options: [option('url', 'key', 'url')] } as unknown as Kind;
  expect(visible(kind, startValues(kind)).map((o) => o.name)).toEqual(['url']);
  expect(draftOf(kind, '', { 'key.url': 'http://h' }).keys).toEqual([{ name: 'default', models: ['*'], weight: 1, url: 'http://h' }]);
  expect(draftOf(kind, '', { 'key.url': '' }).keys).toEqual([]);
});

test('a variable is shown as one', () => {
  const key = (value: object) => ({ value }) as Key;
  expect(shownKey(key({ value: 'sk-a****b', from_env: false }))).toBe('sk-a****b');
  expect(shownKey(key({ value: 'sk-a****b', env_var: 'env.MY_KEY', from_env: true }))).toBe('$MY_KEY');
});
