import type { ModelPrice, PriceOverride } from '../../lib/api/types.gen';

/** classes are the kinds of tokens that have a price, in US dollars for a million of them. */
export const classes: { name: string; label: string; rare?: boolean }[] = [
  { name: 'input', label: 'Input' },
  { name: 'output', label: 'Output' },
  { name: 'cache_read', label: 'Cache read' },
  { name: 'cache_write', label: 'Cache write' },
  { name: 'cache_write_1h', label: 'Cache write, 1 h', rare: true },
  { name: 'reasoning', label: 'Reasoning', rare: true },
  { name: 'input_audio', label: 'Audio in', rare: true },
  { name: 'output_audio', label: 'Audio out', rare: true },
  { name: 'input_image', label: 'Image in', rare: true },
  { name: 'output_image', label: 'Image out', rare: true },
];

/**
 * What the form of an override holds. An empty price stays the catalogue's, a beginning is written without its *. An
 * empty name is that of the models.
 */
export interface OverrideForm {
  name: string;
  match: string;
  pattern: string;
  provider: string;
  providerKey: string;
  key: string;
  requests: string[];
  prices: Record<string, number | undefined>;
}

/** overrideForm begins a form with an override, or with a model of the catalogue. */
export function overrideForm(from?: PriceOverride, model?: ModelPrice): OverrideForm {
  return {
    name: from?.name ?? '',
    match: from?.match_type ?? 'exact',
    pattern: from?.match_type === 'wildcard' ? from.pattern.replace(/\*$/, '') : (from?.pattern ?? model?.model ?? ''),
    provider: from?.provider_id ?? model?.provider ?? '',
    providerKey: from?.provider_key_id ?? '',
    key: from?.virtual_key_id ?? '',
    requests: from?.request_types ?? [],
    prices: Object.fromEntries(Object.entries(from?.per_1m ?? model?.prices ?? {}).map(([name, usd]) => [name, Number(usd.toPrecision(12))])), // 0.2, not 0.19999999999999998
  };
}

/** overrideDraft is what a form says to the API. */
export function overrideDraft(form: OverrideForm) {
  const per_1m: Record<string, number> = {};
  for (const [name, price] of Object.entries(form.prices)) {
    if (price !== undefined && price !== null) per_1m[name] = price;
  }
  const at = form.provider && form.providerKey ? 'provider_key' : form.provider ? 'provider' : '';
  const scope_kind = [form.key && 'virtual_key', at].filter(Boolean).join('_') || 'global';
  const models = form.pattern.trim().replace(form.match === 'wildcard' ? /\*?$/ : /$/, form.match === 'wildcard' ? '*' : '');
  return {
    name: form.name.trim() || [form.provider, models].filter(Boolean).join('/'),
    scope_kind,
    ...(form.key ? { virtual_key_id: form.key } : {}),
    ...(form.provider ? { provider_id: form.provider } : {}),
    ...(at === 'provider_key' ? { provider_key_id: form.providerKey } : {}),
    match_type: form.match,
    pattern: models,
    request_types: form.requests,
    per_1m,
  };
}

/** price shows dollars for a million tokens without digits that say nothing: $2.50, $0.075. */
export function price(usd: number | undefined): string {
  if (usd === undefined) return '–';
  if (usd === 0) return 'free';
  const digits = usd >= 1 ? 2 : Math.min(6, 1 - Math.floor(Math.log10(usd)) + 1);
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
}
