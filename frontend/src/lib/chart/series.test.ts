import { expect, test } from 'vitest';
import { rows, stack, type Line } from './series';

const lines: Line[] = [
  { label: 'a', color: 'chart-1', values: [1, null, 3] },
  { label: 'b', color: 'chart-2', values: [10, 0, 30] },
];

test('stacked lines stand on those before them', () => {
  expect(stack(lines)).toEqual([
    [1, 0, 3],
    [11, 0, 33],
  ]);
});

test('the table leaves out times at which nothing happened', () => {
  expect(rows([100, 200, 300], lines)).toEqual([
    { time: 100, values: [1, 10] },
    { time: 300, values: [3, 30] },
  ]);
});
