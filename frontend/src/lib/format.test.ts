import { expect, test } from 'vitest';
import { ago, bytes, compact, count, duration, money, percent, plural, sentence, until } from './format';

test.each([
  [null, '–'],
  [0, '0 ms'],
  [0.02, '< 0.1 ms'],
  [0.42, '0.4 ms'],
  [38.4, '38 ms'],
  [999.6, '1.00 s'],
  [1240, '1.24 s'],
  [9_999, '10.0 s'],
  [59_960, '1 m 00 s'],
  [185_000, '3 m 05 s'],
  [3_900_000, '1 h 05 m'],
])('duration(%s) = %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [999, '999'],
  [12_345, '12.3k'],
  [999_600, '1M'],
  [100_400, '100k'],
  [2_000_000_000, '2B'],
])('compact(%s) = %s', (n, text) => expect(compact(n)).toBe(text));

test.each([
  [null, 'unknown'],
  [0, '$0'],
  [0.00000012, '$0.00000012'],
  [0.0009, '$0.0009'],
  [0.00995, '$0.01'],
  [0.01234, '$0.012'],
  [0.05, '$0.05'],
  [0.1, '$0.10'],
  [12.345, '$12.35'],
  [1234.5, '$1,235'],
])('money(%s) = %s', (usd, text) => expect(money(usd)).toBe(text));

test.each([
  [512, '512 B'],
  [1434, '1.4 KB'],
  [4 * 1024 * 1024, '4 MB'],
  [1024 * 1024 - 1, '1 MB'],
])('bytes(%s) = %s', (n, text) => expect(bytes(n)).toBe(text));

test('percent never rounds a failure away', () => {
  expect(percent(99.9)).toBe('99.9%');
  expect(percent(100)).toBe('100%');
  expect(percent(0)).toBe('0%');
});

test('ago is coarse and never in the future', () => {
  const at = (s: number) => ago(new Date(1e12 - s * 1000).toISOString(), 1e12);
  expect([at(-5), at(10), at(60), at(7200), at(90_000), at(400_000)]).toEqual(['just now', 'just now', '1 min ago', '2 h ago', 'yesterday', '5 days ago']);
});

test('words', () => {
  expect(plural(1, 'key')).toBe('1 key');
  expect(plural(2000, 'key')).toBe('2,000 keys');
  expect(count(12_345)).toBe('12,345');
  expect(sentence('the key is wrong')).toBe('The key is wrong');
});

test.each([
  [500, 'in 1 s'],
  [89_000, 'in 89 s'],
  [3_600_000, 'in 60 min'],
  [7_200_000, 'in 2 h'],
  [20 * 86_400_000, 'in 20 days'],
  [-5, 'in 0 s'],
])('until(+%s ms) = %s', (ms, text) => expect(until(new Date(1_000_000 + ms).toISOString(), 1_000_000)).toBe(text));
