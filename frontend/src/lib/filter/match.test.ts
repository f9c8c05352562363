import { expect, test } from 'vitest';
import type { FilterNode, LogEntry } from '../api/types.gen';
import cases from '../../../../gateway/filter/testdata/cases.json';
import { glob, match, type Verdict } from './match';

interface Case {
  filter: string;
  ids: string[] | null;
  yes?: string[];
  unknown?: string[];
  expression: FilterNode | null;
}

const rows = cases.rows as unknown as LogEntry[];
const running = cases.running as unknown as LogEntry[];
const all = cases.cases as unknown as Case[];

/** asks reports whether an expression is about what rows do not have. */
function asks(n: FilterNode | null): boolean {
  if (!n) return false;
  return ['op', 'engine', 'warning', 'decoded', 'text'].includes(n.field ?? '') || (n.parts ?? []).some(asks);
}

test('there are cases, most of them about what rows have', () => {
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter((c) => !asks(c.expression)).length).toBeGreaterThan(120);
});

for (const c of all) {
  test(`the page selects what the store does: ${c.filter}`, () => {
    const want = (row: LogEntry): Verdict => {
      if (row.status !== 'processing') return c.ids?.includes(row.id) ? 'yes' : 'no';
      return c.yes?.includes(row.id) ? 'yes' : c.unknown?.includes(row.id) ? 'unknown' : 'no';
    };
    for (const row of [...rows, ...running]) {
      const got = match(c.expression, row);
      if (got === 'unknown' && asks(c.expression)) continue;
      expect(got, row.id).toBe(want(row));
    }
  });
}

test('what rows do not have is unknown', () => {
  const text: FilterNode = { kind: 'term', field: 'text', op: ':', type: 'words', values: [{ text: 'a', number: 0 }] };
  expect(match(text, rows[0]!)).toBe('unknown');
  expect(match({ kind: 'not', parts: [text] }, rows[0]!)).toBe('unknown');
});

test('patterns that browsers read in another way are unknown', () => {
  const of = (pattern: string): FilterNode => ({ kind: 'term', field: 'model', op: '~', type: 'text', values: [{ text: pattern, number: 0 }] });
  const row = { ...rows[0]!, model: 'Small-1', alias: '' };
  expect(match(of('(?i)^small'), row)).toBe('yes');
  expect(match(of('^small'), row)).toBe('no');
  for (const pattern of ['[[:alpha:]]', '(?P<n>a)', '\\Asmall', 'a(?i)b', '\\Qa\\E']) expect(match(of(pattern), row), pattern).toBe('unknown');
});

test('glob', () => {
  expect(glob('*ab', 'aab')).toBe(true);
  expect(glob('a*a', 'a')).toBe(false);
  expect(glob('A*C*', 'abbcd')).toBe(true);
  expect(glob('a.c', 'abc')).toBe(false);
});
