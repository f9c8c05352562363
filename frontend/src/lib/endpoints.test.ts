import { expect, test } from 'vitest';
import type { Key, Kind, Provider } from './api/types.gen';
import { endpoints, firstModel } from './endpoints';

const kind = { name: 'k', models: ['best', 'second'], custom: false, options: [] } as unknown as Kind;
const provider = (name: string, status: string, models: string[] = [], key = 'unknown') =>
  ({ name, kind: 'k', provider_status: status, keys: models.length ? [{ models, enabled: true, status: key } as Key] : [] }) as unknown as Provider;

test('every API that a custom provider can speak has a base URL', () => {
  const custom = { custom: true, options: [{ name: 'base_provider_type', choices: [{ value: 'one', label: 'One-compatible' }] }] } as unknown as Kind;
  expect(endpoints('http://h:1', [custom]).map((e) => e.url)).toEqual(['http://h:1/v1', 'http://h:1/one']);
});

test('the first call goes to a provider that works', () => {
  expect(firstModel([provider('broken', 'error'), provider('good', 'active')], [kind])).toBe('good/best');
  expect(firstModel([provider('narrow', 'active', ['only-this'])], [kind])).toBe('narrow/only-this');
  expect(firstModel([provider('all', 'active', ['*'])], [kind])).toBe('all/best');
  expect(firstModel([provider('new', 'active', ['*']), provider('proven', 'active', ['*'], 'success')], [kind])).toBe('proven/best');
  expect(firstModel([], [kind])).toBe('');
});
