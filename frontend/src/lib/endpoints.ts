import type { Kind, Provider } from './api/types.gen';

/** Endpoint is a base URL for a kind of client. */
export interface Endpoint {
  label: string;
  url: string;
}

/** endpoints are the base URLs that clients need: one for each API that Heimdall speaks, and the one for every model. */
export function endpoints(address: string, kinds: Kind[]): Endpoint[] {
  const apis = kinds.find((k) => k.custom)?.options.find((o) => o.name === 'base_provider_type')?.choices ?? [];
  return [
    { label: 'Every model, as provider/model', url: `${address}/v1` },
    ...apis.map((api) => ({ label: `${api.label} clients`, url: `${address}/${api.value}` })),
  ];
}

/** firstModel is a model that a first call can use, as provider/model, of a provider that works if there is one. "" = none. */
export function firstModel(providers: Provider[], kinds: Kind[]): string {
  for (const p of [...providers].sort((a, b) => doubt(a) - doubt(b))) {
    const usable = p.keys.filter((k) => k.enabled && k.status !== 'error');
    const named = usable.some((k) => k.models.includes('*')) ? undefined : usable.flatMap((k) => k.models)[0];
    const model = named ?? kinds.find((k) => k.name === p.kind)?.models?.[0];
    if (model) return `${p.name}/${model}`;
  }
  return '';
}

/** doubt is small where a provider has shown that it works, or needs nothing to. */
function doubt(p: Provider): number {
  if (p.keyless || p.keys.some((k) => k.enabled && k.status === 'success')) return 0;
  return p.provider_status === 'active' ? 1 : 2;
}
