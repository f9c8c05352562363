import { messageOf } from './api/client';

/** Resource is something read from the API: its last value, whether it is being read, and what went wrong. */
export class Resource<T> {
  value = $state.raw<T | undefined>();
  error = $state('');
  loading = $state(false);
  private turn = 0;

  constructor(private readonly read: () => Promise<T>) {}

  /** load reads again; the value stays until the new one is there. A later load wins over an earlier one. */
  async load(): Promise<void> {
    const turn = ++this.turn;
    this.loading = true;
    try {
      const value = await this.read();
      if (turn !== this.turn) return;
      this.value = value;
      this.error = '';
    } catch (error) {
      if (turn !== this.turn) return;
      this.error = messageOf(error);
    } finally {
      if (turn === this.turn) this.loading = false;
    }
  }
}
