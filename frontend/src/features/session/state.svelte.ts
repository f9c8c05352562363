import { session } from '../../lib/state/session.svelte';

/** LoginForm is the login as it is typed. */
export class LoginForm {
  username = $state('');
  password = $state('');
  error = $state('');
  busy = $state(false);

  async submit(): Promise<void> {
    this.busy = true;
    this.error = await session.login(this.username, this.password);
    this.busy = false;
    if (this.error) this.password = '';
  }
}
