import { EventParser } from '../../../lib/api/events';

/** StreamFrame is one event of a logged stream; event is "" where it had no name. */
export interface StreamFrame {
  event: string;
  data: string;
}

/** framesOf takes a logged stream apart. Text that is no stream gives none. */
export function framesOf(text: string): StreamFrame[] {
  const parser = new EventParser();
  const frames = [...parser.push(text), ...parser.push('\n\n')];
  return frames.map((f) => ({ event: f.event === 'message' ? '' : f.event, data: f.data }));
}

const telling = new Set(['content', 'text', 'thinking', 'partial_json', 'arguments', 'reasoning', 'reasoning_content', 'finish_reason', 'stop_reason']);

/** gistOf is what a frame adds to the answer, whatever its shape: its pieces of text, or why it ended. "" = nothing. */
export function gistOf(value: unknown, key = ''): string {
  if (typeof value === 'string') return telling.has(key) ? value : '';
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([k, v]) => gistOf(v, Array.isArray(value) ? key : k))
    .join('');
}

/** parsed reads JSON that is more than a bare word; undefined where it is none. */
export function parsed(text: string): { value: object } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { value } : undefined;
  } catch {
    return undefined;
  }
}
