import { EventStream, type StreamState } from '../api/events';
import type { Dropped, Frame, Gateway, KillSwitch, LogEntry, Refused } from '../api/types.gen';
import { api, session } from './session.svelte';

/** LogChange is one frame about a log entry; created means that it was not heard of before. */
export interface LogChange {
  created: boolean;
  entry: LogEntry;
}

/** Listener hears of log changes, batched, and of gaps after which it has to read again. */
export interface Listener {
  changed(changes: LogChange[]): void;
  resync(): void;
}

/** Live is what the event stream tells: the gateway's state and, to listeners, the log as it happens. */
class Live {
  connection = $state<StreamState>('connecting');
  gateway = $state.raw<Gateway | undefined>();
  /** spending is the kill switch and what calls cost now. */
  spending = $state.raw<KillSwitch | undefined>();
  configVersion = $state(0);
  refused = $state.raw<Refused[]>([]);
  dropped = $state.raw<Dropped | undefined>();
  /** inflight are the requests that are running now, newest first. */
  inflight = $state.raw<LogEntry[]>([]);

  private readonly listeners = new Set<Listener>();
  private opened = false;
  private readonly stream = new EventStream({
    url: '/api/events',
    headers: () => api.headers(),
    onFrames: (frames) => this.take(frames),
    onState: (state) => this.connected(state),
  });

  start(): void {
    this.stream.start();
  }

  stop(): void {
    this.stream.stop();
  }

  /** listen adds a listener and gives the function that removes it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** forget hides a refused page's notice. */
  forget(origin: string): void {
    this.refused = this.refused.filter((r) => r.origin !== origin);
  }

  private connected(state: StreamState): void {
    this.connection = state;
    if (state === 'denied') session.rejected();
    if (state !== 'open') return;
    if (this.opened) {
      this.inflight = [];
      this.configVersion++;
      for (const l of this.listeners) l.resync();
    }
    this.opened = true;
  }

  /** take applies a batch of frames. */
  take(frames: Frame[]): void {
    const changes: LogChange[] = [];
    const known = new Set(this.inflight.map((e) => e.id));
    for (const f of frames) {
      if (f.gateway) this.gateway = f.gateway;
      if (f.spending) this.spending = f.spending;
      if (f.type === 'config') this.configVersion = f.version || this.configVersion + 1;
      if (f.dropped) this.dropped = f.dropped;
      if (f.refused) this.refused = [f.refused, ...this.refused.filter((r) => r.origin !== f.refused!.origin)].slice(0, 5);
      if (f.payload) changes.push({ created: !known.has(f.payload.id), entry: f.payload });
    }
    if (changes.length === 0) return;
    const changed = new Set(changes.map((c) => c.entry.id));
    const running = changes.filter((c) => c.entry.status === 'processing').map((c) => c.entry);
    this.inflight = [...running.reverse(), ...this.inflight.filter((e) => !changed.has(e.id))];
    for (const l of this.listeners) l.changed(changes);
  }
}

export const live = new Live();
