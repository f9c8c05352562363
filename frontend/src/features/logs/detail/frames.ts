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

/** parsed reads JSON that is more than a bare word; undefined where it is none. */
export function parsed(text: string): { value: object } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { value } : undefined;
  } catch {
    return undefined;
  }
}
