import type { KeyDraft, ProviderDraft } from '../../lib/api/client';
import type { Key, Kind, Option, Provider } from '../../lib/api/types.gen';
import { plural } from '../../lib/format';
import { aliasDraft, aliasForms, type AliasForm } from './aliases';

/** Values are what the fields of a kind's form hold, by fieldOf. */
export type Values = Record<string, string | boolean>;

/** fieldOf names an option's field; a name may occur in several scopes. */
export function fieldOf(o: Option): string {
  return `${o.scope}.${o.name}`;
}

/** startValues fills a form: the first choice of each select, nothing else. */
export function startValues(kind: Kind): Values {
  return Object.fromEntries(kind.options.map((o) => [fieldOf(o), o.type === 'bool' ? false : o.type === 'select' ? (o.choices?.[0]?.value ?? '') : '']));
}

/** isKeyless reports whether the form, as filled in, needs no key. */
export function isKeyless(kind: Kind, values: Values): boolean {
  return kind.keyless || values['custom.is_key_less'] === true;
}

/** visible are the options that a form shows: none of a key where the user says that none is needed. */
export function visible(kind: Kind, values: Values): Option[] {
  return kind.options.filter((o) => o.scope !== 'key' || values['custom.is_key_less'] !== true);
}

/** draftOf is what the API is sent to add a provider. Empty fields are left out. */
export function draftOf(kind: Kind, name: string, values: Values): ProviderDraft {
  const scopes: Record<string, Record<string, unknown>> = { custom: {}, network: {}, key: {} };
  for (const o of visible(kind, values)) {
    const value = values[fieldOf(o)];
    const text = typeof value === 'string' ? value.trim() : value;
    if (text !== '' && text !== undefined) scopes[o.scope]![o.name] = text;
  }
  const draft: ProviderDraft = { provider: kind.custom ? name.trim() : kind.name, keys: [] };
  if (Object.keys(scopes.custom!).length > 0) draft.custom_provider_config = scopes.custom;
  if (Object.keys(scopes.network!).length > 0) draft.network_config = scopes.network;
  if (Object.keys(scopes.key!).length > 0) draft.keys = [{ name: 'default', models: ['*'], weight: 1, ...scopes.key }];
  return draft;
}

/** KeyForm is a key as it is edited. Value is "" to keep the one that is stored; models are one to a line, empty = all; denied ones never. */
export interface KeyForm {
  name: string;
  value: string;
  models: string[];
  denied: string[];
  aliases: AliasForm[];
  weight: number;
  enabled: boolean;
  /** options are what the kind wants to know with a key, by fieldOf. */
  options: Values;
}

/** keyOptions are the options of a kind's keys besides the value. */
export function keyOptions(kind: Kind | undefined): Option[] {
  return kind?.options.filter((o) => o.scope === 'key' && o.name !== 'value') ?? [];
}

/** withBase adds to a custom kind what its base wants to know with a key. */
export function withBase(kind: Kind, base: Kind | undefined): Kind {
  return kind.custom ? { ...kind, options: [...kind.options, ...keyOptions(base)] } : kind;
}

export function keyForm(key: Key | undefined, count: number, kind: Kind | undefined): KeyForm {
  const options: Values = {};
  for (const o of keyOptions(kind)) {
    const stored = o.type === 'secret' ? '' : key?.options?.[o.name];
    options[fieldOf(o)] = o.type === 'bool' ? stored === 'true' : (stored ?? '');
  }
  if (!key) return { name: count === 0 ? 'default' : `key-${count + 1}`, value: '', models: [], denied: [], aliases: [], weight: 1, enabled: true, options };
  const { name, weight, enabled } = key;
  return { name, value: '', models: key.models.filter((m) => m !== '*'), denied: key.blacklisted_models ?? [], aliases: aliasForms(key.aliases), weight, enabled, options };
}

/** keyDraft is what the API is sent for a key. Secrets that are left empty stay as they are. */
export function keyDraft(form: KeyForm, kind: Kind | undefined): KeyDraft {
  const draft: KeyDraft = {
    name: form.name.trim(),
    models: form.models.length > 0 ? form.models : ['*'],
    blacklisted_models: form.denied,
    aliases: aliasDraft(form.aliases),
    weight: form.weight,
    enabled: form.enabled,
  };
  const value = form.value.trim();
  if (value) draft.value = value;
  const options = keyOptions(kind).map((o) => [o, String(form.options[fieldOf(o)]).trim()] as const);
  if (options.length > 0) draft.options = Object.fromEntries(options.filter(([o, text]) => text || o.type !== 'secret').map(([o, text]) => [o.name, text]));
  return draft;
}

/** modelWords say which models a key serves: all models but 2. */
export function modelWords(key: Key): string {
  const denied = key.blacklisted_models?.length ?? 0;
  return (key.models.includes('*') ? 'all models' : plural(key.models.length, 'model')) + (denied > 0 ? ` but ${denied}` : '');
}

/** shownKey is how a key's value is shown: its variable, or what the API leaves of it. */
export function shownKey(key: Key): string {
  return key.value.from_env ? `$${(key.value.env_var ?? '').replace(/^env\./, '')}` : key.value.value;
}

/** baseURL is where a provider is reached; "" where it needs no network. */
export function baseURL(p: Provider, kind: Kind | undefined): string {
  return p.network_config.base_url || kind?.base_url || '';
}
