/** Span is the part of a list that is drawn: from (inclusive) to (exclusive). */
export interface Span {
  from: number;
  to: number;
}

/** spanOf gives the rows to draw for a scroll position, with a few more on both sides. */
export function spanOf(scrollTop: number, height: number, rowHeight: number, length: number, extra = 6): Span {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - extra);
  const to = Math.min(length, Math.ceil((scrollTop + height) / rowHeight) + extra);
  return { from: Math.min(from, to), to };
}
