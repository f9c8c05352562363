import { sentence } from '../format';
import type {
  AuthState,
  Config,
  Gateway,
  Key,
  Keys,
  Kinds,
  LogDetail,
  Logs,
  Models,
  Provider,
  Providers,
  Saved,
  Session,
  TestRequest,
  TestResult,
  AuthConfig,
  ClientConfig,
  Settings,
  NetworkConfig,
  ProxyConfig,
  CustomConfig,
} from './types.gen';

/** ApiError is an answer that says no. Param names the field that is wrong, status 0 means that nobody answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly param = '',
  ) {
    super(message);
  }
}

/** Credentials give the bearer token of a call, and hear that it was turned down. */
export interface Credentials {
  token(): string;
  rejected(): void;
}

/** A key as it is written: the value in plain or as `env.NAME`; fields of the provider's form besides it. */
export type KeyDraft = Partial<Omit<Key, 'value'>> & { value?: string; [field: string]: unknown };

/** What POST and PUT /api/providers take. */
export interface ProviderDraft {
  provider?: string;
  custom_provider_config?: Partial<CustomConfig> & Record<string, unknown>;
  network_config?: Partial<NetworkConfig> & Record<string, unknown>;
  proxy_config?: ProxyConfig;
  send_back_raw_request?: boolean;
  send_back_raw_response?: boolean;
  keys?: KeyDraft[];
}

/** What PUT /api/config takes: any subset. */
export interface ConfigDraft {
  client_config?: Partial<ClientConfig>;
  auth_config?: Partial<AuthConfig>;
  settings?: Partial<Settings>;
}

/** Client speaks to the management API of the page's own origin. */
export class Client {
  constructor(private readonly credentials: Credentials) {}

  /** headers carries the token, where there is one. */
  headers(): Record<string, string> {
    const token = this.credentials.token();
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  private async call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const headers = this.headers();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let answer: Response;
    try {
      answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new ApiError(0, 'Heimdall does not answer. Check that it is running.');
    }
    if (answer.status === 401 && path !== '/api/session/login') this.credentials.rejected();
    if (!answer.ok) throw await refusal(answer);
    const text = await answer.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  gateway = () => this.call<Gateway>('GET', '/api/gateway');
  startGateway = () => this.call<Gateway>('POST', '/api/gateway/start');
  stopGateway = () => this.call<Gateway>('POST', '/api/gateway/stop');

  kinds = () => this.call<Kinds>('GET', '/api/provider-kinds');
  providers = () => this.call<Providers>('GET', '/api/providers');
  addProvider = (draft: ProviderDraft) => this.call<Provider>('POST', '/api/providers', draft);
  updateProvider = (name: string, draft: ProviderDraft) => this.call<unknown>('PUT', `/api/providers/${enc(name)}`, draft);
  deleteProvider = (name: string) => this.call<unknown>('DELETE', `/api/providers/${enc(name)}`);
  testProvider = (name: string, test: Partial<TestRequest>) => this.call<TestResult>('POST', `/api/providers/${enc(name)}/test`, test);
  keys = (provider: string) => this.call<Keys>('GET', `/api/providers/${enc(provider)}/keys`);
  addKey = (provider: string, draft: KeyDraft) => this.call<unknown>('POST', `/api/providers/${enc(provider)}/keys`, draft);
  updateKey = (provider: string, id: string, draft: KeyDraft) => this.call<unknown>('PUT', `/api/providers/${enc(provider)}/keys/${enc(id)}`, draft);
  deleteKey = (provider: string, id: string) => this.call<unknown>('DELETE', `/api/providers/${enc(provider)}/keys/${enc(id)}`);
  models = (query: Record<string, string | number>) => this.call<Models>('GET', `/api/models${search(query)}`);

  logs = (query: Record<string, string | number>, signal?: AbortSignal) => this.call<Logs>('GET', `/api/logs${search(query)}`, undefined, signal);
  log = (id: string, signal?: AbortSignal) => this.call<LogDetail>('GET', `/api/logs/${enc(id)}`, undefined, signal);
  deleteLogs = (ids: string[]) => this.call<unknown>('DELETE', '/api/logs', { ids });

  config = () => this.call<Config>('GET', '/api/config');
  saveConfig = (draft: ConfigDraft) => this.call<Saved>('PUT', '/api/config', draft);

  authState = () => this.call<AuthState>('GET', '/api/session/is-auth-enabled');
  login = (username: string, password: string) => this.call<Session>('POST', '/api/session/login', { username, password });
  logout = () => this.call<unknown>('POST', '/api/session/logout');
  exchange = (code: string) => this.call<Session>('POST', '/api/session/exchange', { code });

  openFromShell = (what: 'app_dir' | 'browser') => this.call<unknown>('POST', '/api/shell/open', { what });
}

const enc = encodeURIComponent;

function search(query: Record<string, string | number>): string {
  const text = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)])).toString();
  return text && `?${text}`;
}

async function refusal(answer: Response): Promise<ApiError> {
  try {
    const { error } = await answer.json();
    if (error?.message) return new ApiError(answer.status, error.message, error.param);
  } catch {
    // not the API's own error: the status has to do
  }
  return new ApiError(answer.status, `Heimdall answered with status ${answer.status}.`);
}

/** messageOf is what an error says to people. */
export function messageOf(error: unknown): string {
  return sentence(error instanceof Error ? error.message : String(error));
}
