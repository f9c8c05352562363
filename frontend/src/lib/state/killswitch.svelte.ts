import { messageOf } from '../api/client';
import { toasts } from '../ui/toasts.svelte';
import { live } from './live.svelte';
import { api } from './session.svelte';

/** KillSwitch pauses every call and lets them go on. */
class KillSwitch {
  busy = $state(false);

  /** known is false until the gateway has said how it stands. */
  get known(): boolean {
    return !!live.spending;
  }

  get paused(): boolean {
    return !!live.spending?.paused;
  }

  async flip(): Promise<void> {
    await this.save({ paused: !this.paused });
  }

  /** trip sets how many US dollars a minute may cost before all calls are paused; 0 = as many as they like. */
  async trip(max_per_minute: number): Promise<void> {
    await this.save({ max_per_minute });
  }

  private async save(draft: { paused?: boolean; max_per_minute?: number }): Promise<void> {
    this.busy = true;
    try {
      live.spending = await api.saveKillSwitch(draft);
    } catch (error) {
      toasts.bad(messageOf(error));
    } finally {
      this.busy = false;
    }
  }
}

export const killSwitch = new KillSwitch();
