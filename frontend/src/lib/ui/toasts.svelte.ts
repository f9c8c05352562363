export interface Toast {
  id: number;
  kind: 'ok' | 'bad' | 'info';
  text: string;
}

/** Toasts are short results that go by themselves; errors stay until they are closed. */
class Toasts {
  list = $state<Toast[]>([]);
  private next = 1;

  ok(text: string): void {
    this.add('ok', text, 4000);
  }

  info(text: string): void {
    this.add('info', text, 6000);
  }

  bad(text: string): void {
    this.add('bad', text, 0);
  }

  close(id: number): void {
    this.list = this.list.filter((t) => t.id !== id);
  }

  private add(kind: Toast['kind'], text: string, life: number): void {
    const id = this.next++;
    this.list = [...this.list.filter((t) => t.text !== text), { id, kind, text }].slice(-4);
    if (life) setTimeout(() => this.close(id), life);
  }
}

export const toasts = new Toasts();
