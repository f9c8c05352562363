import { expect, test } from 'vitest';
import { asPeriod, change } from './periods';

test.each([
  [120, 100, '+20%'],
  [97, 100, '−3%'],
  [100, 100, '±0%'],
  [5000, 100, '+>1000%'],
  [5, 0, ''],
  [5, undefined, ''],
])('change(%s, %s) = %s', (now, before, text) => expect(change(now, before)).toBe(text));

test('an unknown period is a day', () => {
  expect([asPeriod('7d'), asPeriod('8d'), asPeriod(null)]).toEqual(['7d', '24h', '24h']);
});
