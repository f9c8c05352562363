import { messageOf } from '../api/client';
import { toasts } from '../ui/toasts.svelte';
import { live } from './live.svelte';
import { api } from './session.svelte';

type Shape = 'on' | 'off' | 'busy' | 'bad';

/** words say each state of the gateway, and its mark shows it. */
export const gatewayWords: Record<string, { title: string; shape: Shape }> = {
  running: { title: 'Running', shape: 'on' },
  stopped: { title: 'Stopped', shape: 'off' },
  starting: { title: 'Starting', shape: 'busy' },
  stopping: { title: 'Stopping', shape: 'busy' },
  error: { title: 'Cannot run', shape: 'bad' },
};

/** GatewaySwitch starts and stops the gateway. */
class GatewaySwitch {
  busy = $state(false);

  get words() {
    return gatewayWords[live.gateway?.state ?? ''] ?? { title: 'Connecting', shape: 'busy' as Shape };
  }

  get running(): boolean {
    return live.gateway?.state === 'running';
  }

  /** can is false where stopping would cut off this page. */
  get can(): boolean {
    return !!live.gateway?.controllable;
  }

  async flip(): Promise<void> {
    this.busy = true;
    try {
      live.gateway = await (this.running ? api.stopGateway() : api.startGateway());
    } catch (error) {
      toasts.bad(messageOf(error));
    } finally {
      this.busy = false;
    }
  }
}

export const gatewaySwitch = new GatewaySwitch();
