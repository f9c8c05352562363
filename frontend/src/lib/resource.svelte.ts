import { messageOf } from './api/client';

/** Resource is something read from the API: its last value, whether it is being read, and what went wrong. */
export class Resource<T> {
  value = $state.raw<T | undefined>();
  error = $state('');
  loading = $state(false);
  private turn = 0;
  private latest: Promise<void> = Promise.resolve();

  constructor(private readonly read: () => Promise<T>) {}

  /**
   * load reads again; the value stays until the new one is there. A later load wins over an earlier one, which then ends
   * with it: after load, the value is at least as new as the call.
   */
  load(): Promise<void> {
    this.latest = this.once(++this.turn);
    return this.latest;
  }

  private async once(turn: number): Promise<void> {
    this.loading = true;
    let value: T | undefined;
    let failure = '';
    try {
      value = await this.read();
    } catch (error) {
      failure = messageOf(error);
    }
    if (turn !== this.turn) return this.latest;
    if (!failure) this.value = value;
    this.error = failure;
    this.loading = false;
  }
}
