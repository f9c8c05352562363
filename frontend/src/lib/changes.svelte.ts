import { fine, refusalOf, type Refusal } from './refusal';
import { toasts } from './ui/toasts.svelte';

/** Changes is what a page can change of what it shows. */
export abstract class Changes {
  busy = $state(false);

  /** reload reads again what a change may have changed. */
  protected abstract reload(): Promise<unknown>;

  /** change makes one and says that it is done; '' says nothing. It gives `fine`, or what is wrong. */
  protected async change<T>(what: () => Promise<T>, done: string | ((result: T) => string)): Promise<Refusal> {
    this.busy = true;
    try {
      const result = await what();
      await this.reload();
      const words = typeof done === 'string' ? done : done(result);
      if (words) toasts.ok(words);
      return fine;
    } catch (error) {
      return refusalOf(error);
    } finally {
      this.busy = false;
    }
  }
}
