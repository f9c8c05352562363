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
  LogDashboard,
  LogSessions,
  LogStorage,
  LogDiff,
  LogView,
  LogViews,
  FilterCheck,
  Replay,
  Replayed,
  StreamFrames,
  SaveCassette,
  SavedCassette,
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
  VirtualKeys,
  VirtualKeyAnswer,
  Teams,
  TeamAnswer,
  Customers,
  CustomerAnswer,
  Rules,
  RuleAnswer,
  ExpressionCheck,
  Complexity,
  Simulation,
  Simulated,
  Health,
  ModelPrices,
  PriceOverrides,
  PriceOverrideAnswer,
  ModelLimits,
  ModelLimitAnswer,
  ProviderLimits,
  ProviderLimitAnswer,
  KillSwitch,
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
    const text = await (await this.send(method, path, body, signal)).text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** file reads an answer that is kept as it is, and the name that it wants to have. */
  private async file(method: string, path: string): Promise<{ name: string; data: Blob }> {
    const answer = await this.send(method, path);
    const name = /filename="?([^";]+)/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'heimdall';
    return { name, data: await answer.blob() };
  }

  private async send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
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
    return answer;
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

  killSwitch = () => this.call<KillSwitch>('GET', '/api/kill-switch');
  saveKillSwitch = (draft: { paused?: boolean; max_per_minute?: number }) => this.call<KillSwitch>('PUT', '/api/kill-switch', draft);

  virtualKeys = (query: Record<string, string | number>) => this.call<VirtualKeys>('GET', `/api/governance/virtual-keys${search(query)}`);
  virtualKey = (id: string) => this.call<VirtualKeyAnswer>('GET', `/api/governance/virtual-keys/${enc(id)}`);
  addVirtualKey = (draft: object) => this.call<VirtualKeyAnswer>('POST', '/api/governance/virtual-keys', draft);
  updateVirtualKey = (id: string, draft: object) => this.call<VirtualKeyAnswer>('PUT', `/api/governance/virtual-keys/${enc(id)}`, draft);
  rotateVirtualKey = (id: string, grace_period: string) => this.call<VirtualKeyAnswer>('POST', `/api/governance/virtual-keys/${enc(id)}/rotate`, { grace_period });
  deleteVirtualKey = (id: string) => this.call<Saved>('DELETE', `/api/governance/virtual-keys/${enc(id)}`);

  teams = () => this.call<Teams>('GET', '/api/governance/teams?limit=100');
  addTeam = (draft: object) => this.call<TeamAnswer>('POST', '/api/governance/teams', draft);
  updateTeam = (id: string, draft: object) => this.call<TeamAnswer>('PUT', `/api/governance/teams/${enc(id)}`, draft);
  deleteTeam = (id: string) => this.call<Saved>('DELETE', `/api/governance/teams/${enc(id)}`);
  customers = () => this.call<Customers>('GET', '/api/governance/customers?limit=100');
  addCustomer = (draft: object) => this.call<CustomerAnswer>('POST', '/api/governance/customers', draft);
  updateCustomer = (id: string, draft: object) => this.call<CustomerAnswer>('PUT', `/api/governance/customers/${enc(id)}`, draft);
  deleteCustomer = (id: string) => this.call<Saved>('DELETE', `/api/governance/customers/${enc(id)}`);

  rules = () => this.call<Rules>('GET', '/api/routing/rules');
  addRule = (draft: object) => this.call<RuleAnswer>('POST', '/api/routing/rules', draft);
  updateRule = (id: string, draft: object) => this.call<RuleAnswer>('PUT', `/api/routing/rules/${enc(id)}`, draft);
  deleteRule = (id: string) => this.call<Saved>('DELETE', `/api/routing/rules/${enc(id)}`);
  checkExpression = (cel_expression: string) => this.call<ExpressionCheck>('POST', '/api/routing/check', { cel_expression });
  complexity = () => this.call<Complexity>('GET', '/api/routing/complexity');
  updateComplexity = (draft: Complexity) => this.call<Complexity>('PUT', '/api/routing/complexity', draft);
  resetComplexity = () => this.call<Complexity>('POST', '/api/routing/complexity/reset');
  simulate = (request: Partial<Simulation>) => this.call<Simulated>('POST', '/api/routing/simulate', request);
  healthState = () => this.call<Health>('GET', '/api/health-state');

  prices = (query: Record<string, string | number>) => this.call<ModelPrices>('GET', `/api/models/prices${search(query)}`);
  priceOverrides = () => this.call<PriceOverrides>('GET', '/api/governance/pricing-overrides');
  addPriceOverride = (draft: object) => this.call<PriceOverrideAnswer>('POST', '/api/governance/pricing-overrides', draft);
  updatePriceOverride = (id: string, draft: object) => this.call<PriceOverrideAnswer>('PUT', `/api/governance/pricing-overrides/${enc(id)}`, draft);
  deletePriceOverride = (id: string) => this.call<Saved>('DELETE', `/api/governance/pricing-overrides/${enc(id)}`);
  modelLimits = () => this.call<ModelLimits>('GET', '/api/governance/model-configs');
  addModelLimit = (draft: object) => this.call<ModelLimitAnswer>('POST', '/api/governance/model-configs', draft);
  updateModelLimit = (id: string, draft: object) => this.call<ModelLimitAnswer>('PUT', `/api/governance/model-configs/${enc(id)}`, draft);
  deleteModelLimit = (id: string) => this.call<Saved>('DELETE', `/api/governance/model-configs/${enc(id)}`);
  providerLimits = () => this.call<ProviderLimits>('GET', '/api/governance/providers');
  updateProviderLimit = (name: string, draft: object) => this.call<ProviderLimitAnswer>('PUT', `/api/governance/providers/${enc(name)}`, draft);
  deleteProviderLimit = (name: string) => this.call<Saved>('DELETE', `/api/governance/providers/${enc(name)}`);

  dashboard = (query: Record<string, string>, signal?: AbortSignal) => this.call<LogDashboard>('GET', `/api/logs/dashboard${search(query)}`, undefined, signal);
  sessions = (query: Record<string, string | number>) => this.call<LogSessions>('GET', `/api/logs/sessions${search(query)}`);
  sessionLogs = (id: string, query: Record<string, string | number>) => this.call<Logs>('GET', `/api/logs/sessions/${enc(id)}${search(query)}`);
  checkFilter = (q: string, cursor: number) => this.call<FilterCheck>('GET', `/api/logs/filter${search({ q, cursor })}`);
  logViews = () => this.call<LogViews>('GET', '/api/logs/views');
  saveLogViews = (views: LogView[]) => this.call<LogViews>('PUT', '/api/logs/views', { views });
  logFrames = (id: string, side: 'upstream' | 'client', signal?: AbortSignal) => this.call<StreamFrames>('GET', `/api/logs/${enc(id)}/frames?side=${side}`, undefined, signal);
  logCurl = async (id: string) => (await this.file('GET', `/api/logs/${enc(id)}/curl`)).data.text();
  exportLogs = (query: Record<string, string>) => this.file('GET', `/api/logs/export${search(query)}`);
  replay = (id: string, draft: Replay) => this.call<Replayed>('POST', `/api/logs/${enc(id)}/replay`, draft);
  diffLogs = (first: string, second: string) => this.call<LogDiff>('GET', `/api/logs/diff${search({ first, second })}`);
  saveCassette = (draft: SaveCassette) => this.call<SavedCassette>('POST', '/api/logs/cassettes', draft);
  logStorage = () => this.call<LogStorage>('GET', '/api/logs/storage');

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
