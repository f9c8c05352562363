import { expect, test } from 'vitest';
import type { Provider } from '../../lib/api/types.gen';
import { networkDraft, networkForm } from './network';

const network = {
  default_request_timeout_in_seconds: 0,
  stream_idle_timeout_in_seconds: 0,
  keep_alive_timeout_in_seconds: 0,
  max_conns_per_host: 0,
  max_retries: 2,
  retry_backoff_initial: 500,
  retry_backoff_max: 5000,
  enforce_http2: true,
  insecure_skip_verify: false,
};
const provider = (proxy_config: object) =>
  ({ network_config: { ...network, base_url: 'http://a', extra_headers: { A: 'b' } }, proxy_config, send_back_raw_request: false, send_back_raw_response: true }) as unknown as Provider;

test('what is read is what is written', () => {
  const p = provider({ type: 'http', url: 'http://p', username: 'me', password: '<REDACTED>' });
  const form = networkForm(p);
  expect(form.proxy.password).toBe('');
  expect(networkDraft(form, p.proxy_config.password)).toEqual({
    network_config: { ...network, base_url: 'http://a', extra_headers: { A: 'b' }, ca_cert_pem: '' },
    proxy_config: { type: 'http', url: 'http://p', username: 'me', password: '<REDACTED>', ca_cert_pem: '' },
    send_back_raw_request: false,
    send_back_raw_response: true,
  });
});

test('a guard of streams is kept, and one without a minimum is none', () => {
  const guard = { minimum_output_characters_per_second: 50, probe_window_in_seconds: 7 };
  const p = provider({ type: 'none' });
  p.network_config.stream_throughput_guard = guard;
  const form = networkForm(p);
  expect(networkDraft(form).network_config!.stream_throughput_guard).toEqual(guard);
  form.stream_throughput_guard.minimum_output_characters_per_second = 0;
  expect(networkDraft(form).network_config).not.toHaveProperty('stream_throughput_guard');
  expect(networkForm(provider({ type: 'none' })).stream_throughput_guard).toEqual({ minimum_output_characters_per_second: 0, probe_window_in_seconds: 5 });
});

test('a proxy that is switched off leaves nothing behind', () => {
  const form = networkForm(provider({ type: 'socks5', url: 'p', username: 'me', password: 'env.PW' }));
  form.proxy.type = 'none';
  expect(networkDraft(form, 'env.PW').proxy_config).toEqual({ type: 'none' });
});

test('a password is replaced by what is typed, and goes with its user name', () => {
  const form = networkForm(provider({ type: 'environment', username: 'me', password: '<REDACTED>' }));
  form.proxy.password = 'new';
  expect(networkDraft(form, '<REDACTED>').proxy_config).toEqual({ type: 'environment', username: 'me', password: 'new', ca_cert_pem: '' });
  form.proxy.username = form.proxy.password = '';
  expect(networkDraft(form, '<REDACTED>').proxy_config!.password).toBe('');
});
