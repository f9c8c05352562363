import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { until } from './heimdall.mjs';
import { heimdall, kind, open, page, shown } from './page.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const row = (model) => page.getByRole('row').filter({ has: page.getByText(model, { exact: true }) });
const params = () => new URLSearchParams(new URL(page.url()).hash.split('?')[1]);

describe('first run', () => {
  test('three steps lead to the first request, and the page shows it', async () => {
    await open();
    await shown(page.getByRole('heading', { name: 'Your first request' }));
    await page.getByRole('button', { name: 'Send a test request' }).click();
    await shown(page.getByRole('heading', { name: 'Last requests' }));
    await shown(page.getByRole('link', { name: kind.models[0] }));
  });

  test('the command for a terminal works as it stands', async () => {
    await open();
    const command = await page.getByRole('region', { name: 'Command' }).innerText();
    const [, url] = /curl (\S+)/.exec(command);
    const [, body] = /--data-raw '([^']+)'/.exec(command);
    const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(body).model, `${kind.name}/${kind.models[0]}`);
  });

  test('the endpoint is copied', async () => {
    await open();
    await page.getByRole('button', { name: `Copy ${heimdall.url}/v1` }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${heimdall.url}/v1`);
  });

  test('stop is not offered where it would end the page', async () => {
    await open();
    await shown(page.getByRole('region', { name: 'Gateway' }).getByText('Running'));
    assert.equal(await page.getByRole('button', { name: 'Stop' }).count(), 0);
  });
});

describe('providers', () => {
  test('one is deleted after it was said what is lost, and added again', async () => {
    await open(`#/providers?edit=${kind.name}`);
    await page.getByRole('button', { name: 'Delete…' }).click();
    await shown(page.getByRole('dialog').getByText('It has no keys.'));
    await page.getByRole('button', { name: 'Delete provider' }).click();
    await shown(page.getByRole('heading', { name: 'No providers yet' }));
    await page.getByRole('link', { name: 'Add the first one' }).click();
    await page.getByRole('dialog').getByRole('button', { name: kind.title }).click();
    await page.getByRole('button', { name: 'Add and test' }).click();
    await shown(page.getByRole('link', { name: 'See the request' }));
  });

  test('a test is a real call, which the log has', async () => {
    await open(`#/providers?edit=${kind.name}`);
    const failing = kind.models.find((m) => m.startsWith('error'));
    await page.getByRole('combobox', { name: 'Model' }).fill(failing);
    await page.getByRole('button', { name: 'Send a test request' }).click();
    await page.getByRole('link', { name: 'See the request' }).click();
    await shown(page.getByRole('complementary', { name: 'Request' }).getByText(/^Error \d+/));
  });

  test('a custom one has keys, whose values are never shown', async () => {
    const secret = 'sk-e2e-0123456789abcdef';
    await open('#/providers?add=');
    const custom = (await heimdall.call('GET', '/api/provider-kinds')).kinds.find((k) => k.custom);
    await page.getByRole('dialog').getByRole('button', { name: custom.title }).click();
    await page.getByLabel('Name').fill('Not Valid');
    await page.getByLabel('Base URL').fill('http://127.0.0.1:9/v1');
    await page.getByLabel('API key').fill(secret);
    await page.getByRole('button', { name: 'Add and test' }).click();
    await shown(page.getByRole('alert').getByText('lower-case'));
    await page.getByLabel('Name').fill('mine');
    await page.getByRole('button', { name: 'Add and test' }).click();
    await shown(page.getByRole('heading', { name: 'Keys' }));

    await page.getByRole('button', { name: 'Add key' }).click();
    await page.getByLabel('Name').fill('from env');
    await page.getByLabel('API key').fill('env.E2E_KEY');
    await page.getByRole('dialog').getByLabel('Weight').fill('3');
    await page.getByRole('dialog').getByRole('button', { name: 'Add key' }).click();
    await shown(page.getByText('$E2E_KEY', { exact: true }));
    assert.ok(!(await page.content()).includes(secret));

    await page.getByRole('button', { name: 'Delete the key from env' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete key' }).click();
    await until(async () => (await heimdall.call('GET', '/api/providers/mine/keys')).total === 1, 'the key is gone');
  });

  test('its network is changed and kept', async () => {
    await open('#/providers?edit=mine');
    await page.getByLabel('Base URL').fill('http://127.0.0.1:7/v1');
    await page.getByRole('button', { name: 'Add header' }).click();
    await page.getByLabel('Name of header 1').fill('X-Team');
    await page.getByLabel('Value of header 1').fill('blue');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('Saved.'));
    const { network_config } = await heimdall.call('GET', '/api/providers/mine');
    assert.equal(network_config.base_url, 'http://127.0.0.1:7/v1');
    assert.equal(network_config.extra_headers['X-Team'], 'blue');
  });

  test('a key has other names for models, which are kept and shown', async () => {
    const [first] = (await heimdall.call('GET', '/api/providers/mine/keys')).keys;
    await heimdall.call('PUT', `/api/providers/mine/keys/${first.id}`, { aliases: { eu: { model_id: 'large-2', description: 'in Europe' } } });
    await open('#/providers?edit=mine');
    await page.getByRole('button', { name: `Edit the key ${first.name}` }).click();
    await shown(page.getByRole('dialog').getByText('in Europe'));
    await page.getByLabel('Model of alias 1').fill('large-3');
    await page.getByRole('button', { name: 'Add alias' }).click();
    await page.getByLabel('Alias 2', { exact: true }).fill('eu');
    await page.getByLabel('Model of alias 2').fill('small-1');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').getByText('The alias eu stands twice.'));
    await page.getByLabel('Alias 2', { exact: true }).fill('fast');
    await page.getByLabel('Add to the models that are left out').fill('regex:^old-(');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').getByText('pattern'));
    await page.getByRole('button', { name: 'Remove regex:^old-(' }).click();
    await page.getByLabel('Add to the models that are left out').fill('regex:^old-');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('All models but 1 · eu → large-3 and 1 more alias'));
    const [saved] = (await heimdall.call('GET', '/api/providers/mine/keys')).keys;
    assert.deepEqual(saved.aliases, { eu: { model_id: 'large-3', description: 'in Europe' }, fast: 'small-1' });
    assert.deepEqual(saved.blacklisted_models, ['regex:^old-']);
  });

  test('how often it is tried again is changed, and a wrong pause is named', async () => {
    await open('#/providers?edit=mine');
    await page.getByLabel('Retries').fill('4');
    await page.getByLabel('First pause').fill('20');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').getByText('milliseconds'));
    await page.getByLabel('First pause').fill('250');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('Saved.'));
    const { network_config: n } = await heimdall.call('GET', '/api/providers/mine');
    assert.deepEqual([n.max_retries, n.retry_backoff_initial, n.retry_backoff_max], [4, 250, 5000]);
  });

  test('what may be spent at it is limited, and that is taken back', async () => {
    await open('#/providers?edit=mine');
    await page.getByRole('button', { name: 'Set a limit' }).click();
    await page.getByRole('button', { name: 'Add a budget' }).click();
    await page.getByLabel('Budget 1 in US dollars').fill('12.5');
    await page.getByLabel('Request limit', { exact: true }).fill('100');
    await page.getByRole('button', { name: 'Set limit' }).click();
    await shown(page.getByRole('meter', { name: '$12.50 a month' }));
    await shown(page.getByRole('meter', { name: '100 requests an hour' }));
    const limit = async () => (await heimdall.call('GET', '/api/governance/providers')).providers.find((l) => l.provider === 'mine');
    assert.equal((await limit()).budgets[0].max_limit, 12.5);
    await page.getByRole('button', { name: 'Edit the limit' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await shown(page.getByText('No limit: whoever'));
    assert.ok(!(await limit())?.budgets.length);
  });

  test('one that fails again and again is shown as left out', async () => {
    const breaker = (state, more = {}) => ({ state, share: 0, failures: 5, last_error: 'status 503', last_error_at: new Date().toISOString(), ...more });
    const { keys } = await heimdall.call('GET', '/api/providers/mine/keys');
    const json = { providers: [{ provider: 'mine', breaker: breaker('open', { retry_at: new Date(Date.now() + 60_000).toISOString() }), keys: [{ key_id: keys[0].id, name: keys[0].name, breaker: breaker('half_open') }] }] };
    await page.route('**/api/health-state', (r) => r.fulfill({ json }));
    await open('#/providers');
    await shown(page.getByRole('listitem').filter({ hasText: 'mine' }).getByText(/Left out, tried again in \d+ s/));
    await page.getByRole('link', { name: 'mine' }).click();
    await shown(page.getByText(/Status 503 \(5 failures in a row/));
    await shown(page.getByText(/On trial: one call decides/));
  });

  test('its way out is changed with the keyboard, and the password of a proxy is never shown', async () => {
    await open('#/providers?edit=mine');
    await page.getByText('Advanced', { exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Proxy', { exact: true }).selectOption('http');
    await page.getByLabel('Proxy address').fill('http://me:secret@127.0.0.1:9');
    await page.getByLabel('Proxy user').fill('me');
    await page.getByLabel('Proxy password').fill('proxy-secret-e2e');
    await page.getByRole('switch', { name: 'HTTP/2 only' }).press('Space');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').getByText('username and password'));
    await page.getByLabel('Proxy address').fill('http://127.0.0.1:9');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('Saved.'));
    const { network_config, proxy_config } = await heimdall.call('GET', '/api/providers/mine');
    assert.equal(network_config.enforce_http2, true);
    assert.deepEqual(proxy_config, { type: 'http', url: 'http://127.0.0.1:9', username: 'me', password: '<REDACTED>' });
    assert.equal(await page.getByLabel('Proxy password').inputValue(), '');
    await page.evaluate(axe);
    assert.deepEqual(await page.evaluate(async () => (await window.axe.run('details')).violations.map((v) => v.id)), []);
  });
});

describe('logs', () => {
  const say = (text, model = 'chat', more = {}) => heimdall.ask(`${kind.name}/${model}`, text, more);

  test('a request shows up while it runs and changes in place when it ends', async () => {
    await open('#/logs');
    await shown(page.getByText('Live', { exact: true }));
    const slow = say('take your time', 'slow', { stream: true });
    const live = row('slow').filter({ has: page.getByRole('img', { name: 'In flight' }) });
    await shown(live);
    await slow;
    await shown(row('slow').filter({ has: page.getByRole('img', { name: 'Success' }) }));
    assert.equal(await live.count(), 0);
  });

  test('its detail has the conversation, the bodies, the times and the usage', async () => {
    await say('what is a needle?', 'chat', { stream: true });
    await open('#/logs');
    await row('chat').first().click();
    const panel = page.getByRole('complementary', { name: 'Request' });
    await shown(panel.getByText('what is a needle?', { exact: true }));
    await panel.getByRole('tab', { name: 'Bodies' }).click();
    await shown(panel.getByText('"what is a needle?"'));
    await panel.getByText('Provider got').click();
    await panel.getByRole('switch', { name: 'Show what changed' }).click();
    await shown(panel.getByRole('region', { name: 'What changed' }).getByText('include_usage'));
    await panel.getByText('Provider sent').click();
    await shown(panel.getByText(/\d+ frames/));
    await panel.getByRole('tab', { name: 'Stream' }).click();
    await shown(panel.getByRole('listbox', { name: 'Frames' }).getByRole('option'));
    await panel.getByText('To the client').click();
    await shown(panel.getByText('All frames together'));
    await panel.getByRole('tab', { name: 'Headers' }).click();
    await shown(panel.getByText('e2e-client/1.0'));
    await panel.getByRole('tab', { name: 'Timing' }).click();
    await shown(panel.getByText('At the provider'));
    await shown(panel.getByText('Receiving the answer'));
    await panel.getByRole('tab', { name: 'Usage' }).click();
    await shown(panel.getByText('Completion'));
    await shown(panel.getByText('Cost', { exact: true }));
    await panel.getByRole('tab', { name: 'Route' }).click();
    await shown(panel.getByText('Attempts'));
    await shown(panel.getByText('Client speaks'));
    await panel.getByRole('button', { name: 'curl' }).click();
    await shown(page.getByText('Copied. The key in it'));
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions/);
    assert.match(copied, /what is a needle\?/);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });

  test('reading is not disturbed: nothing shifts, new ones wait', async () => {
    await open('#/logs');
    await row('chat').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    const chosen = page.getByRole('row', { selected: true });
    const before = await chosen.boundingBox();
    const text = await chosen.innerText();
    for (let i = 0; i < 5; i++) await say(`number ${i}`);
    await shown(page.getByRole('button', { name: '5 new' }));
    assert.deepEqual(await chosen.boundingBox(), before);
    assert.equal(await chosen.innerText(), text);
    await page.getByRole('button', { name: '5 new' }).click();
    await shown(page.getByText('Live', { exact: true }));
  });

  test('filters narrow the list, are in the address, and outlive a reload', async () => {
    await say('fail', 'error-500');
    await open('#/logs');
    await row('chat').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('stat');
    await shown(page.getByRole('option', { name: /^status/ }));
    await page.keyboard.press('Tab');
    await page.keyboard.type('error');
    await page.keyboard.press('Enter');
    await row('chat').first().waitFor({ state: 'detached' });
    await shown(row('error-500'));
    await until(() => params().get('filter') === 'status:error', 'the filter is in the address');
    await page.reload();
    await until(async () => (await page.getByRole('combobox', { name: 'Filter' }).inputValue()) === 'status:error', 'the field has the filter');
    await shown(row('error-500'));
    assert.equal(await row('chat').count(), 0);
    await say('not listed');
    await say('listed', 'error-429');
    await shown(row('error-429'));
    assert.equal(await row('chat').count(), 0);
    await page.getByRole('combobox', { name: 'Filter' }).fill('modle:x');
    await page.getByRole('button', { name: /^Make it/ }).click();
    await shown(page.getByText('No request matches'));
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await shown(row('chat'));
    await page.getByLabel('Time', { exact: true }).selectOption('15m');
    await until(() => params().get('range') === '15m', 'the range is in the address');
  });

  test('keys open and close the detail, a reload keeps it', async () => {
    await open('#/logs');
    await row('chat').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await shown(page.getByRole('complementary', { name: 'Request' }));
    const id = params().get('id');
    await page.keyboard.press('j');
    await until(() => params().get('id') !== id, 'the next request is open');
    await page.reload();
    await shown(page.getByRole('complementary', { name: 'Request' }));
    await page.keyboard.press('Escape');
    await until(() => !params().has('id'), 'it is closed');
  });

  test('one is deleted from the log for good', async () => {
    await say('forget me', 'error-429');
    await open('#/logs?filter=model%3Aerror-429');
    await row('error-429').first().click();
    const id = params().get('id');
    await page.getByRole('button', { name: 'Delete from the log' }).click();
    await page.getByRole('button', { name: 'Delete request' }).click();
    await shown(page.getByText('The request is gone from the log.'));
    assert.equal((await fetch(`${heimdall.url}/api/logs/${id}`)).status, 404);
  });

  test('few rows are drawn, whatever their number', async () => {
    for (let i = 0; i < 6; i++) await Promise.all(Array.from({ length: 20 }, (_, n) => say(`${i}/${n}`)));
    await open('#/logs');
    await row('chat').first().waitFor();
    const grid = page.getByRole('grid');
    assert.ok(Number(await grid.getAttribute('aria-rowcount')) > 120);
    assert.ok((await page.getByRole('row').count()) < 60);
    await page.keyboard.press('End');
    await until(async () => (await page.getByRole('row').last().innerText()).includes('ms'), 'the oldest rows are read');
  });
});

describe('settings', () => {
  test('are saved, and a wrong one is named', async () => {
    await open('#/settings');
    await page.getByLabel('Keep requests for').fill('30');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('Saved.'));
    assert.equal((await heimdall.call('GET', '/api/config')).client_config.log_retention_days, 30);
    await page.getByLabel('Add to the web pages').fill('http://*');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').getByText('wildcard'));
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' });
  });

  test('one that a flag decides says so', async () => {
    await open('#/settings');
    assert.ok(await page.getByLabel('Port').isDisabled());
    await shown(page.getByText('Decided by a flag'));
  });

  test('a theme holds at once and from the first paint on', async () => {
    await open('#/settings');
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByText('Dark', { exact: true }).click();
    await until(async () => (await ground()) !== light, 'it is dark');
    await until(async () => (await heimdall.call('GET', '/api/config')).settings.theme === 'dark', 'it is saved');
    await page.route('**/assets/*.js', (r) => r.abort());
    await page.goto(heimdall.url, { waitUntil: 'load' });
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
    await heimdall.call('PUT', '/api/config', { settings: { theme: 'system' } });
  });

  test('the window can name the theme in the address', async () => {
    await page.goto(`${heimdall.url}/#theme=dark`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok(!page.url().includes('theme='));
  });
});

describe('a web page that was turned away', () => {
  test('is shown, and allowed with one button', async () => {
    await open();
    await shown(page.getByText('Running').first());
    const origin = 'http://localhost:5173';
    const knock = () => fetch(`${heimdall.url}/v1/models`, { headers: { Origin: origin } });
    assert.equal((await knock()).status, 403);
    await page.getByRole('button', { name: 'Allow this page' }).click();
    await shown(page.getByText(`${origin} may call models now.`));
    assert.equal((await knock()).status, 200);
  });
});

describe('the gateway as the desktop app runs it', () => {
  const events = (...frames) => ({ contentType: 'text/event-stream', body: frames.map((f) => `event: ${f.type}\ndata: ${JSON.stringify(f)}\n\n`).join('') });
  const gateway = (state, more = {}) => ({ state, address: 'http://127.0.0.1:8080', controllable: true, ...more });

  test('is stopped and started', async () => {
    let state = 'running';
    const calls = [];
    await page.route('**/api/events', (r) => r.fulfill(events({ type: 'gateway', gateway: gateway(state) })));
    await page.route('**/api/gateway/*', (r) => {
      calls.push(`${r.request().method()} ${new URL(r.request().url()).pathname}`);
      state = state === 'running' ? 'stopped' : 'running';
      return r.fulfill({ json: gateway(state) });
    });
    await open();
    await page.getByRole('button', { name: 'Stop' }).click();
    await shown(page.getByText('Clients are turned away'));
    await page.getByRole('button', { name: 'Start' }).click();
    await shown(page.getByRole('button', { name: 'Stop' }));
    assert.deepEqual(calls, ['POST /api/gateway/stop', 'POST /api/gateway/start']);
  });

  test('says why it cannot run', async () => {
    const error = 'port 8080 is taken by another program (pid 4711)';
    await page.route('**/api/events', (r) => r.fulfill(events({ type: 'gateway', gateway: gateway('error', { error }) })));
    await open();
    await shown(page.getByText('Cannot run').first());
    await shown(page.getByText(/pid 4711/));
    await shown(page.getByRole('button', { name: 'Start' }));
  });

  test('a lost log is told', async () => {
    await page.route('**/api/events', (r) => r.fulfill(events({ type: 'dropped', dropped: { rows: 3, bodies: 1200 } })));
    await open();
    await shown(page.getByText('3 requests and the text of 1,200'));
  });

  test('the one-time code becomes a token and leaves the address', async () => {
    let used = '';
    let authorization = '';
    await page.route('**/api/session/exchange', (r) => {
      used = r.request().postDataJSON().code;
      return r.fulfill({ json: { message: 'ok', token: 'tok-1' } });
    });
    await page.route('**/api/config', (r) => {
      authorization = r.request().headers().authorization;
      return r.continue();
    });
    await open('#c=once-1&theme=dark');
    await until(() => authorization, 'the API was called');
    assert.equal(used, 'once-1');
    assert.equal(authorization, 'Bearer tok-1');
    assert.equal(new URL(page.url()).hash, '');
    assert.equal(await page.evaluate(() => Object.values(sessionStorage).join()), 'tok-1');
  });
});

describe('without Heimdall', () => {
  test('the page says that it is gone, and finds it again', async () => {
    await open();
    await shown(page.getByText('Running').first());
    await page.route('**/api/**', (r) => r.abort());
    await page.reload();
    await shown(page.getByRole('alert').getByText('The connection to Heimdall is lost'));
    for (const [key, words] of [['5', 'The providers cannot be read'], ['2', 'The log cannot be read'], ['4', 'The figures cannot be read'], ['3', 'The log cannot be read'], ['0', 'The settings cannot be read']]) {
      await page.keyboard.press(key);
      await shown(page.getByRole('heading', { name: words }));
      await shown(page.getByRole('button', { name: 'Read again' }));
    }
    await page.unroute('**/api/**');
    await page.getByText('The connection to Heimdall is lost').waitFor({ state: 'detached' });
    await page.keyboard.press('2');
    await row('chat').first().waitFor();
  });
});

describe('keys', () => {
  test('the palette goes to pages and the sheet names the keys', async () => {
    await open();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('sett');
    await page.keyboard.press('Enter');
    await shown(page.getByRole('heading', { level: 1, name: 'Settings' }));
    await page.keyboard.press('?');
    await shown(page.getByRole('dialog', { name: 'Keyboard shortcuts' }));
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');
    await shown(page.getByRole('heading', { level: 1, name: 'Logs' }));
  });
});

describe('accessibility', () => {
  const places = {
    overview: async () => {},
    logs: async () => row('chat').first().click().then(() => shown(page.getByRole('tab', { name: 'Usage' }))),
    'logs?filter=status%3Acancelled': async () => {},
    sessions: async () => shown(page.getByRole('heading', { level: 1, name: 'Sessions' })),
    metrics: async () => shown(page.getByRole('heading', { name: 'Latency', level: 2 })),
    providers: async () => {},
    'providers?add=': async () => shown(page.getByRole('dialog')),
    'providers?edit=mine': async () => shown(page.getByRole('heading', { name: 'Keys' })),
    settings: async () => page.getByRole('switch', { name: 'Ask for a password' }).click(),
  };
  for (const theme of ['light', 'dark']) {
    for (const [place, prepare] of Object.entries(places)) {
      test(`axe finds nothing on ${place}, ${theme}`, async () => {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await open(`#/${place}`);
        await prepare();
        assert.deepEqual(await violations(), []);
      });
    }
  }

  test('pages reflow at 320 pixels', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    for (const place of Object.keys(places)) {
      await open(`#/${place}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, place);
    }
  });
});

async function violations() {
  await page.evaluate(axe); // the devtools protocol is not bound by the page's policy
  const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join(' | ')}`);
}

describe('a password', () => {
  const password = 'e2e-only-password';

  test('turned on, the page asks for it; signed in, everything works; off again', async () => {
    await open('#/settings');
    await page.getByRole('switch', { name: 'Ask for a password' }).click();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('heading', { name: 'Sign in to Heimdall' }));
    assert.deepEqual(await violations(), []);

    await page.getByLabel('Name').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await shown(page.getByRole('alert'));
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await shown(page.getByRole('heading', { level: 1, name: 'Settings' }));

    await page.reload();
    await shown(page.getByRole('heading', { level: 1, name: 'Settings' }));
    await shown(page.getByRole('navigation').getByText('Running'));
    await page.getByRole('switch', { name: 'Ask for a password' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('Saved.'));
    assert.equal((await heimdall.call('GET', '/api/session/is-auth-enabled')).is_auth_enabled, false);
  });
});
