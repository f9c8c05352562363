/** Line is one series of a chart. Values are one for each time; null where there is nothing. */
export interface Line {
  label: string;
  color: Color;
  values: (number | null)[];
}

/** Color is the name of a colour of the theme, without --color-. */
export type Color = 'chart-1' | 'chart-2' | 'chart-3' | 'chart-4' | 'chart-5' | 'chart-6' | 'chart-rest' | 'ok-mark' | 'bad-fill' | 'warn' | 'edge';

/** palette are the colours of series that have none of their own, in their order. */
export const palette: Color[] = ['chart-1', 'chart-2', 'chart-3', 'chart-4', 'chart-5', 'chart-6'];

/** stack puts each line on top of those before it, as stacked bars are drawn: the last line is the sum of all. */
export function stack(lines: Line[]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map((l) =>
    l.values.map((v, i) => {
      sums[i] = (sums[i] ?? 0) + (v ?? 0);
      return sums[i]!;
    }),
  );
}

/** rows are the chart as a table: a row for each time at which any line has something. */
export function rows(times: number[], lines: Line[]): { time: number; values: (number | null)[] }[] {
  return times.map((time, i) => ({ time, values: lines.map((l) => l.values[i] ?? null) })).filter((r) => r.values.some((v) => v));
}
