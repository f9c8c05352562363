/** Line is a line of a comparison of two texts. */
export interface Line {
  op: 'same' | 'added' | 'removed';
  text: string;
}

/** Past so many lines the texts are only compared from both ends. */
const most = 3000;

/** compare finds which lines of two texts are the same: the longest common sequence of lines. */
export function compare(before: string, after: string): Line[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const same = (lines: string[]): Line[] => lines.map((text) => ({ op: 'same', text }));
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [...same(a.slice(0, head)), ...middle, ...same(a.slice(a.length - tail))];
}

function between(a: string[], b: string[]): Line[] {
  const gone = (lines: string[]): Line[] => lines.map((text) => ({ op: 'removed', text }));
  const come = (lines: string[]): Line[] => lines.map((text) => ({ op: 'added', text }));
  if (a.length === 0 || b.length === 0 || a.length * b.length > most * most) return [...gone(a), ...come(b)];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1]! + 1 : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push({ op: 'same', text: a[i]! });
      i++;
      j++;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) out.push({ op: 'removed', text: a[i++]! });
    else out.push({ op: 'added', text: b[j++]! });
  }
  return [...out, ...gone(a.slice(i)), ...come(b.slice(j))];
}

/** folded leaves out long runs of equal lines, but for some around what differs. */
export function folded(lines: Line[], around = 3): (Line | { op: 'fold'; lines: number })[] {
  const near = lines.map(() => false);
  lines.forEach((l, i) => {
    if (l.op === 'same') return;
    for (let j = Math.max(0, i - around); j <= Math.min(lines.length - 1, i + around); j++) near[j] = true;
  });
  const out: (Line | { op: 'fold'; lines: number })[] = [];
  for (let i = 0; i < lines.length; ) {
    if (near[i]) {
      out.push(lines[i++]!);
      continue;
    }
    let n = i;
    while (n < lines.length && !near[n]) n++;
    out.push({ op: 'fold', lines: n - i });
    i = n;
  }
  return out;
}
