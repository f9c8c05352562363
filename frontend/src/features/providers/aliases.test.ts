import { expect, test } from 'vitest';
import { aliasDraft, aliasForms, aliasLines, moreWords, twice } from './aliases';

const stored = { fast: 'small-1', eu: { model_id: 'large-2', description: 'in Europe', region: 'eu' } };

test('what is read is what is written', () => {
  expect(aliasDraft(aliasForms(stored))).toEqual(stored);
  expect(aliasDraft(aliasForms(undefined))).toEqual({});
});

test('the further options of an alias outlive a change of its names', () => {
  const rows = aliasForms(stored);
  expect(rows.map((r) => r.name)).toEqual(['eu', 'fast']);
  expect(moreWords(rows[0]!)).toBe('in Europe · region eu');
  rows[0]!.name = ' europe ';
  rows[0]!.model = 'large-3';
  expect(aliasDraft(rows)).toEqual({ fast: 'small-1', europe: { model_id: 'large-3', description: 'in Europe', region: 'eu' } });
});

test('empty rows go, and half of one is left to the API to refuse', () => {
  expect(aliasDraft([{ name: ' ', model: '', more: {} }, { name: 'a', model: '', more: {} }])).toEqual({ a: '' });
});

test('a name that stands twice is found', () => {
  const row = (name: string) => ({ name, model: 'm', more: {} });
  expect(twice([row('a'), row('b'), row(' a ')])).toBe('a');
  expect(twice([row('a'), row(''), row('')])).toBe('');
});

test('they are shown one to a line', () => {
  expect(aliasLines(stored)).toEqual(['eu → large-2', 'fast → small-1']);
});
