import { messageOf } from '../../lib/api/client';
import type { LogView } from '../../lib/api/types.gen';
import { api } from '../../lib/state/session.svelte';

/** Views are the filters that the user keeps. */
class Views {
  list = $state.raw<LogView[]>([]);
  error = $state('');

  async load(): Promise<void> {
    await this.act(async () => (await api.logViews()).views);
  }

  /** add keeps a filter under a name; one of that name is replaced. */
  async add(name: string, filter: string): Promise<void> {
    const others = this.list.filter((v) => v.name !== name);
    await this.save([...others, { name, filter, key: 0 }]);
  }

  async remove(name: string): Promise<void> {
    await this.save(this.list.filter((v) => v.name !== name));
  }

  /** byKey is the view that a number key opens. */
  byKey(key: number): LogView | undefined {
    return this.list.find((v) => v.key === key);
  }

  /** save numbers the views as they stand. */
  private async save(list: LogView[]): Promise<void> {
    const views = list.map((v, i) => ({ ...v, key: i < 9 ? i + 1 : 0 }));
    await this.act(async () => {
      await api.saveLogViews(views);
      return views;
    });
  }

  private async act(what: () => Promise<LogView[]>): Promise<void> {
    try {
      this.list = await what();
      this.error = '';
    } catch (error) {
      this.error = messageOf(error);
    }
  }
}

export const views = new Views();
