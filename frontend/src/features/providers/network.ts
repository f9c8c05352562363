import type { ProviderDraft } from '../../lib/api/client';
import type { NetworkConfig, Provider, ProxyConfig } from '../../lib/api/types.gen';

/**
 * NetworkForm is how a provider is reached, as it is edited. The proxy's password is "" to keep the one that is stored. A
 * guard whose minimum is 0 is none.
 */
export interface NetworkForm extends Required<Omit<NetworkConfig, 'extra_headers'>> {
  headers: { name: string; value: string }[];
  proxy: Required<ProxyConfig>;
  send_back_raw_request: boolean;
  send_back_raw_response: boolean;
}

export function networkForm(p: Provider): NetworkForm {
  const { extra_headers, ...rest } = p.network_config;
  return {
    ...rest,
    stream_throughput_guard: { minimum_output_characters_per_second: 0, probe_window_in_seconds: 5, ...rest.stream_throughput_guard },
    base_url: rest.base_url ?? '',
    ca_cert_pem: rest.ca_cert_pem ?? '',
    headers: Object.entries(extra_headers ?? {}).map(([name, value]) => ({ name, value })),
    proxy: { url: '', username: '', ca_cert_pem: '', ...p.proxy_config, password: '' },
    send_back_raw_request: p.send_back_raw_request,
    send_back_raw_response: p.send_back_raw_response,
  };
}

/** networkDraft is what the API is sent for it. stored is the proxy's password as the API shows it. */
export function networkDraft(form: NetworkForm, stored = ''): ProviderDraft {
  const { headers, proxy, send_back_raw_request, send_back_raw_response, stream_throughput_guard: guard, ...rest } = form;
  const extra_headers = Object.fromEntries(headers.filter((h) => h.name.trim()).map((h) => [h.name.trim(), h.value]));
  return {
    network_config: {
      ...rest,
      base_url: rest.base_url.trim(),
      extra_headers,
      ...(guard.minimum_output_characters_per_second !== 0 && { stream_throughput_guard: guard }),
    },
    proxy_config: proxyDraft(proxy, stored),
    send_back_raw_request,
    send_back_raw_response,
  };
}

function proxyDraft(p: Required<ProxyConfig>, stored: string): ProxyConfig {
  if (p.type === 'none') return { type: p.type };
  const username = p.username.trim();
  const draft: ProxyConfig = { type: p.type, username, password: username ? p.password || stored : '', ca_cert_pem: p.ca_cert_pem };
  if (hasURL(p.type)) draft.url = p.url.trim();
  return draft;
}

/** hasURL reports whether a proxy of that type has an address of its own. */
export function hasURL(type: string): boolean {
  return type === 'http' || type === 'socks5';
}

/** advanced are the paths of the settings that stand under Advanced. */
export const advanced = [
  'network_config.keep_alive_timeout_in_seconds',
  'network_config.stream_throughput_guard.minimum_output_characters_per_second',
  'network_config.stream_throughput_guard.probe_window_in_seconds',
  'network_config.ca_cert_pem',
  'network_config.insecure_skip_verify',
  'proxy_config.type',
  'proxy_config.url',
  'proxy_config.username',
  'proxy_config.password',
  'proxy_config.ca_cert_pem',
];
