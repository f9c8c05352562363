import type { Frame } from './types.gen';

/** ServerEvent is one server-sent event. */
export interface ServerEvent {
  event: string;
  data: string;
}

/** EventParser reads server-sent events from pieces of text that may end anywhere. */
export class EventParser {
  private rest = '';
  private event = '';
  private data: string[] = [];

  push(piece: string): ServerEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop()!;
    const out: ServerEvent[] = [];
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) out.push({ event: this.event || 'message', data: this.data.join('\n') });
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') this.data.push(value);
      else if (field === 'event') this.event = value;
    }
    return out;
  }
}

export type StreamState = 'connecting' | 'open' | 'lost' | 'denied';

/** StreamOptions say where frames go. onFrames is called at most once in `pace` milliseconds, with all that came since. */
export interface StreamOptions {
  url: string;
  headers(): Record<string, string>;
  onFrames(frames: Frame[]): void;
  onState(state: StreamState): void;
  pace?: number;
}

const waits = [250, 500, 1000, 2000, 3000];

/** EventStream keeps the live channel open: it reads, batches, and comes back after a loss. It stops at a 401. */
export class EventStream {
  private queue: Frame[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private lastFlush = 0;
  private losses = 0;
  private abort: AbortController | undefined;

  constructor(private readonly options: StreamOptions) {}

  start(): void {
    this.stop();
    void this.run();
  }

  stop(): void {
    this.abort?.abort();
    this.abort = undefined;
    clearTimeout(this.retry);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.queue = [];
  }

  private async run(): Promise<void> {
    const abort = (this.abort = new AbortController());
    if (this.losses === 0) this.options.onState('connecting');
    try {
      const answer = await fetch(this.options.url, {
        headers: { Accept: 'text/event-stream', ...this.options.headers() },
        cache: 'no-store',
        signal: abort.signal,
      });
      if (answer.status === 401) {
        this.options.onState('denied');
        return;
      }
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      this.losses = 0;
      this.options.onState('open');
      await this.read(answer.body);
    } catch {
      // a loss like the end of the stream: come back below
    }
    if (abort.signal.aborted) return;
    this.options.onState('lost');
    const wait = waits[Math.min(this.losses++, waits.length - 1)];
    this.retry = setTimeout(() => void this.run(), wait);
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const { data } of parser.push(decoder.decode(value, { stream: true }))) {
        this.queue.push(JSON.parse(data) as Frame);
      }
      this.schedule();
    }
  }

  private schedule(): void {
    if (this.timer !== undefined || this.queue.length === 0) return;
    const due = this.lastFlush + (this.options.pace ?? 100) - Date.now();
    this.timer = setTimeout(() => this.flush(), Math.max(0, due));
  }

  private flush(): void {
    this.timer = undefined;
    this.lastFlush = Date.now();
    const frames = coalesce(this.queue);
    this.queue = [];
    this.options.onFrames(frames);
  }
}

/** coalesce keeps the last word on each thing: one frame for each log entry, one for each other type but refusals. */
export function coalesce(frames: Frame[]): Frame[] {
  const last = new Map<string, Frame>();
  for (const frame of frames) {
    const key = frame.type === 'log' ? `log ${frame.payload?.id}` : frame.type === 'refused' ? `refused ${frame.refused?.origin}` : frame.type;
    last.set(key, frame);
  }
  return [...last.values()];
}
