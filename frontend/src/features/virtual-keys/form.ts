import type { ProviderGrant, VirtualKey } from '../../lib/api/types.gen';
import { limitsDraft, limitsForm, type LimitsForm } from '../../lib/limits/limits';

/** One provider of a form. No models = all of them, no keys = all of them; an empty weight = only by name or by rule. */
export interface GrantForm {
  id: string;
  provider: string;
  weight: number | undefined;
  models: string[];
  denied: string[];
  keys: string[];
  limits: LimitsForm;
}

/** What the form of a virtual key holds. Expires is a local date, 2026-12-31, or empty. */
export interface KeyForm {
  name: string;
  description: string;
  active: boolean;
  expires: string;
  team: string;
  customer: string;
  all: boolean;
  grants: GrantForm[];
  limits: LimitsForm;
}

/** keyForm begins a form with a key, or for a new one. */
export function keyForm(key?: VirtualKey): KeyForm {
  return {
    name: key?.name ?? '',
    description: key?.description ?? '',
    active: key?.is_active ?? true,
    expires: key?.expires_at ? localDate(new Date(key.expires_at)) : '',
    team: key?.team_id ?? '',
    customer: key?.customer_id ?? '',
    all: key?.allow_all_providers ?? true,
    grants: (key?.provider_configs ?? []).map(grantForm),
    limits: limitsForm(key),
  };
}

const every = (list: string[]) => (list.includes('*') ? [] : list);

function grantForm(g: ProviderGrant): GrantForm {
  return {
    id: g.id,
    provider: g.provider,
    weight: g.weight ?? undefined,
    models: every(g.allowed_models),
    denied: g.blacklisted_models,
    keys: g.allow_all_keys ? [] : every(g.key_ids),
    limits: limitsForm({ budgets: g.budgets, rate_limit: g.rate_limit }),
  };
}

/** newGrant lets a key use all of a provider. */
export function newGrant(provider: string): GrantForm {
  return { id: '', provider, weight: 1, models: [], denied: [], keys: [], limits: limitsForm() };
}

/** keyDraft is what a form says to the API. */
export function keyDraft(form: KeyForm) {
  return {
    name: form.name.trim(),
    description: form.description.trim(),
    is_active: form.active,
    expires_at: form.expires ? endOfDay(form.expires) : null,
    team_id: form.team || null,
    customer_id: form.team ? null : form.customer || null,
    allow_all_providers: form.all,
    provider_configs: form.grants.map(grantDraft),
    ...limitsDraft(form.limits),
  };
}

function grantDraft(g: GrantForm) {
  const { budgets, rate_limit } = limitsDraft(g.limits);
  return {
    ...(g.id ? { id: g.id } : {}),
    provider: g.provider,
    weight: g.weight ?? null,
    allowed_models: g.models.length > 0 ? g.models : ['*'],
    blacklisted_models: g.denied,
    key_ids: g.keys.length > 0 ? g.keys : ['*'],
    budgets,
    rate_limit,
  };
}

function localDate(d: Date): string {
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
}

/** endOfDay is the last second of a local day. */
function endOfDay(date: string): string {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  return new Date(year, month - 1, day, 23, 59, 59).toISOString();
}

/** reach says in words what a key may use. */
export function reach(key: VirtualKey): string {
  const names = key.provider_configs.map((g) => g.provider);
  if (key.allow_all_providers) return names.length > 0 ? `all providers, ${names.join(', ')} with limits of their own` : 'all providers';
  return names.length > 0 ? names.join(', ') : 'nothing yet';
}

/** states are the words and looks of a key's state. */
export const states: Record<string, { words: string; tone: 'ok' | 'plain' | 'warn' | 'bad' }> = {
  active: { words: 'Active', tone: 'ok' },
  inactive: { words: 'Off', tone: 'plain' },
  expired: { words: 'Expired', tone: 'bad' },
  over_budget: { words: 'Budget used up', tone: 'bad' },
  rate_limited: { words: 'Limit reached', tone: 'warn' },
};
