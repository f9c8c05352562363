import { Client, messageOf } from '../api/client';

const stored = 'heimdall.token';

/** Session holds the token of this page. `needed` is true where the API wants a login first. */
class Session {
  ready = $state(false);
  needed = $state(false);
  passwordSet = $state(false);
  inferenceAuth = $state(false);
  private secret = sessionStorage.getItem(stored) ?? '';

  /** begin turns the one-time code in the address into a token, and finds out whether a login is needed. */
  async begin(): Promise<void> {
    const code = takeCode();
    if (code) {
      try {
        this.keep((await api.exchange(code)).token);
      } catch {
        this.needed = true; // the code was used before; a token from then may still hold
      }
    }
    await this.refresh();
    this.ready = true;
  }

  async refresh(): Promise<void> {
    try {
      const state = await api.authState();
      this.passwordSet = state.is_auth_enabled;
      this.inferenceAuth = state.inference_auth_enforced;
      this.needed = state.is_auth_enabled && !state.has_valid_token;
    } catch {
      // nobody answers, or a 401 has spoken already: the live channel tells
    }
  }

  /** login gives "" or what went wrong. */
  async login(username: string, password: string): Promise<string> {
    try {
      this.keep((await api.login(username, password)).token);
      await this.refresh();
      return this.needed ? 'The login was taken, but the session does not hold. Try again.' : '';
    } catch (error) {
      return messageOf(error);
    }
  }

  async logout(): Promise<void> {
    try {
      await api.logout();
    } finally {
      this.keep('');
      this.needed = true;
    }
  }

  token(): string {
    return this.secret;
  }

  rejected(): void {
    this.needed = true;
  }

  private keep(token: string): void {
    this.secret = token;
    if (token) sessionStorage.setItem(stored, token);
    else sessionStorage.removeItem(stored);
  }
}

/** takeCode reads `#c=CODE` and removes it from the address. */
function takeCode(): string {
  const params = new URLSearchParams(location.hash.slice(1));
  const code = params.get('c') ?? '';
  if (params.has('c') || params.has('theme')) {
    history.replaceState(null, '', location.pathname + location.search);
  }
  return code;
}

export const session = new Session();
export const api = new Client(session);
