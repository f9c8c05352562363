// Writes docs/screenshots/<page>-<light|dark>.png, with traffic made through the provider that needs no key and through
// a custom one, whose server is a small one of our own.
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyless, startBrowser, startHeimdall } from './heimdall.mjs';
import { startUpstream } from './upstream.mjs';

const folder = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const tool = {
  type: 'function',
  function: {
    name: 'search_code',
    description: 'Searches the repository.',
    parameters: { type: 'object', properties: { query: { type: 'string' }, limit: { type: 'integer' } }, required: ['query', 'limit'] },
  },
};
const review = [
  { role: 'system', content: 'You are a careful reviewer. Use the tools before you answer.' },
  { role: 'user', content: 'Where do we close the upstream connection when a client hangs up?' },
  { role: 'assistant', content: null, tool_calls: [{ id: 'call_7f3a', type: 'function', function: { name: 'search_code', arguments: '{"query":"CloseConn hang-up","limit":2}' } }] },
  { role: 'tool', tool_call_id: 'call_7f3a', content: '{"hits":["transport/client.go:118","edge/conn.go:42"]}' },
  { role: 'user', content: 'Summarise both places in one sentence each.' },
];

async function traffic(heimdall, demo) {
  const ask = (model, content, more, client) => heimdall.ask(model, content, more, client);
  const stream = { stream: true, stream_options: { include_usage: true }, temperature: 0.2 };
  for (let round = 0; round < 5; round++) {
    await ask('build-box/coder-32b', 'Write a commit message: fixed the race between reload and shutdown.', stream, 'code-agent/2.4.1');
    await ask('build-box/writer-7b', 'Summarise the failing CI log in two sentences.', {}, 'ci-bot/1.9');
    await ask(`${demo}/chat`, 'What is a write-ahead log?', stream, 'curl/8.5.0');
    await ask('build-box/coder-32b', 'Why is my test flaky under the race detector?', { ...stream, tools: [tool] }, 'code-agent/2.4.1');
    if (round % 2) await ask(`${demo}/error-429`, 'Turn this curl line into a fetch call.', {}, 'notebook/0.3');
    await ask('build-box/reasoner-70b', 'Name three ways to detect that a TCP peer is gone.', stream, 'notebook/0.3');
    await ask(`${demo}/tools`, 'What is the weather in Bergen?', { tools: [tool] }, 'code-agent/2.4.1');
    if (round === 2) await ask(`${demo}/error-500`, 'Hello?', {}, 'ci-bot/1.9');
  }
  await converse(heimdall, 'build-box/coder-32b', '5f0c2b1e-7c1d-4d1a-9a51-0a6a1f3c9b27', ['The reload test fails now and then. Find out why.', 'Show me where the lock is taken.', 'Then fix it.', 'Does it hold under the race detector?', 'Write the commit message.']);
  await converse(heimdall, 'build-box/reasoner-70b', '0d9a6c44-2f6e-4b0a-8f6d-51f7f0f5e1aa', ['Plan the move of the log to PostgreSQL.', 'What can go wrong while both are written?', 'Shorter.']);
  await ask('build-box/coder-32b', '', { ...stream, messages: review, tools: [tool], max_tokens: 400 }, 'code-agent/2.4.1');
}

/** converse has a conversation, as a coding agent has it. */
async function converse(heimdall, model, session, turns) {
  const messages = [{ role: 'system', content: 'You are a coding agent. '.repeat(40) }];
  for (const text of turns) {
    messages.push({ role: 'user', content: text });
    const answer = await fetch(`${heimdall.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'code-agent/2.4.1', 'x-bf-session-id': session },
      body: JSON.stringify({ model, messages, tools: [tool] }),
    });
    const { choices } = await answer.json();
    messages.push({ role: 'assistant', content: choices?.[0].message.content ?? 'Done.' });
  }
}

/** governed makes virtual keys, teams, rules, prices and limits, and calls that use them up. */
async function governed(heimdall, demo) {
  const api = '/api/governance';
  const make = async (path, body) => Object.values(await heimdall.call('POST', path, body)).find((v) => v?.id);
  const price = (name, provider_id, match_type, pattern, per_1m) => make(`${api}/pricing-overrides`, { name, scope_kind: 'provider', provider_id, match_type, pattern, request_types: [], per_1m });
  await price('What power costs', 'build-box', 'wildcard', 'coder-*', { input: 0.4, output: 1.6, cache_read: 0.04 });
  await price('Large models', 'build-box', 'exact', 'reasoner-70b', { input: 2, output: 8 });
  await price('For show', demo, 'exact', 'chat', { input: 400, output: 1600 });
  const acme = await make(`${api}/customers`, { name: 'Acme', budgets: [{ max_limit: 50, reset_duration: '1M' }], calendar_aligned: true });
  const platform = await make(`${api}/teams`, { name: 'Platform', customer_id: acme.id, budgets: [{ max_limit: 1.5, reset_duration: '1d' }, { max_limit: 20, reset_duration: '1M' }], rate_limit: { token_max_limit: 20000, token_reset_duration: '1h' } });
  await make(`${api}/teams`, { name: 'Research', budgets: [{ max_limit: 5, reset_duration: '1w' }] });
  const key = (draft) => make(`${api}/virtual-keys`, { allow_all_providers: true, ...draft });
  const agent = await key({ name: 'code-agent', description: 'Every laptop of the team', team_id: platform.id, budgets: [{ max_limit: 1, reset_duration: '1d' }], rate_limit: { token_max_limit: 5000, token_reset_duration: '1h', request_max_limit: 20, request_reset_duration: '1h' } });
  const ci = await key({
    name: 'ci-bot', description: 'Summaries of failing jobs', allow_all_providers: false, budgets: [{ max_limit: 0.05, reset_duration: '1d' }],
    provider_configs: [
      { provider: demo, weight: 1, allowed_models: ['*'], key_ids: ['*'] },
      { provider: 'build-box', weight: 3, allowed_models: ['coder-32b', 'writer-7b'], key_ids: ['*'], budgets: [{ max_limit: 5, reset_duration: '1w' }] },
    ],
  });
  const notebook = await key({ name: 'notebook', customer_id: acme.id, rate_limit: { request_max_limit: 3, request_reset_duration: '1h' } });
  await key({ name: 'night-runs', is_active: false });
  const rule = (draft) => make('/api/routing/rules', { enabled: true, scope: 'global', ...draft });
  await rule({ name: 'Drafts stay in the house', priority: 1, cel_expression: 'model.startsWith("draft-") && headers["x-tier"] == "free"', targets: [{ provider: 'build-box', model: 'writer-7b', weight: 0.8 }, { provider: 'build-box', model: 'coder-32b', weight: 0.2 }], fallbacks: [`${demo}/chat`] });
  await rule({ name: 'Smaller when money runs out', priority: 2, cel_expression: 'budget_used > 80.0', scope: 'team', scope_id: platform.id, targets: [{ provider: 'build-box', model: 'coder-32b', weight: 1 }] });
  await rule({ name: 'Nights on the build box', priority: 3, enabled: false, cel_expression: 'params["env"] == "nightly"', targets: [{ provider: 'build-box', weight: 1 }] });
  await make(`${api}/model-configs`, { model_name: 'reasoner-70b', provider: 'build-box', budgets: [{ max_limit: 1, reset_duration: '1d' }] });
  const ask = (who, model, content) =>
    fetch(`${heimdall.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'code-agent/2.4.1', Authorization: `Bearer ${who.value}` },
      body: JSON.stringify({ model, messages: [{ role: 'user', content }], max_tokens: 100 }),
    }).then((r) => r.text());
  for (let n = 0; n < 8; n++) await ask(agent, `${demo}/chat`, 'Why is my test flaky under the race detector?');
  for (let n = 0; n < 3; n++) await ask(notebook, 'build-box/reasoner-70b', 'Name three ways to detect that a TCP peer is gone.');
  await ask(ci, `${demo}/chat`, 'Summarise the failing CI log in two sentences.');
  return { agent };
}

const project = join(tmpdir(), 'acme', 'api'); // the working directory of who calls is in the log
await mkdir(project, { recursive: true });
process.chdir(project);

const [heimdall, upstream, browser] = await Promise.all([startHeimdall({ BUILD_BOX_KEY: 'bb-example-night-4711' }), startUpstream(), startBrowser()]);
try {
  await mkdir(folder, { recursive: true });
  const kind = await keyless(heimdall);
  const themes = ['light', 'dark'];
  const open = async (theme) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme });
    await page.goto(heimdall.url);
    return page;
  };
  const shoot = async (page, name, theme) => {
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.fonts.ready);
    await page.waitForTimeout(300); // the next batch of the live channel
    await page.screenshot({ path: `${folder}/${name}-${theme}.png` });
  };
  for (const theme of themes) {
    const page = await open(theme);
    await page.getByText('Your first request').waitFor();
    await shoot(page, 'first-run', theme);
    await page.close();
  }
  const custom = (await heimdall.call('GET', '/api/provider-kinds')).kinds.find((k) => k.custom);
  const { choices } = custom.options.find((o) => o.name === 'base_provider_type');
  for (const { value } of choices) {
    // the server of ours speaks one of the APIs: the one that answers is kept
    const draft = {
      provider: 'build-box',
      custom_provider_config: { base_provider_type: value },
      network_config: { base_url: `${upstream.url}/v1` },
      keys: [
        { name: 'team', value: 'bb-example-team-8d1f0c', models: ['*'], weight: 3 },
        { name: 'night runs', value: 'env.BUILD_BOX_KEY', models: ['coder-32b'], weight: 1 },
      ],
    };
    const fits = await heimdall.call('POST', '/api/providers', draft).catch(() => undefined); // some want more than a key
    if (!fits) continue;
    if ((await heimdall.call('POST', '/api/providers/build-box/test', { model: 'coder-32b', key_id: '' })).ok) break;
    await heimdall.call('DELETE', '/api/providers/build-box');
  }
  const { agent } = await governed(heimdall, kind.name);
  await traffic(heimdall, kind.name);
  for (const theme of themes) {
    const page = await open(theme);
    const running = ['Explain epoll.', 'Explain kqueue.'].map((q) => heimdall.ask(`${kind.name}/slow`, q, { stream: true }, 'code-agent/2.4.1'));
    await page.getByRole('img', { name: 'In flight' }).nth(1).waitFor();
    await shoot(page, 'overview', theme);
    await page.goto(`${heimdall.url}/#/logs`);
    await page.getByRole('row').nth(5).waitFor();
    await shoot(page, 'logs', theme);
    await Promise.all(running);
    await page.getByRole('row').filter({ hasText: 'coder-32b' }).first().click();
    await page.getByText('Summarise both places').waitFor();
    await shoot(page, 'log-detail', theme);
    await page.getByRole('tab', { name: 'Timing' }).click();
    await page.getByRole('region', { name: 'Timeline' }).waitFor();
    await shoot(page, 'log-timing', theme);
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Filter' }).fill('model:coder* lat');
    await page.getByRole('option', { name: /^latency/ }).waitFor();
    await shoot(page, 'log-filter', theme);
    await page.goto(`${heimdall.url}/#/sessions`);
    await page.getByRole('link', { name: /^The reload test/ }).click();
    await page.getByRole('region', { name: /^Context/ }).waitFor();
    await shoot(page, 'session', theme);
    await page.goto(`${heimdall.url}/#/metrics?period=1h`);
    await page.getByRole('heading', { name: 'Cost by model' }).waitFor();
    await shoot(page, 'metrics', theme);
    await page.goto(`${heimdall.url}/#/providers`);
    await page.getByRole('link', { name: 'build-box' }).waitFor();
    await shoot(page, 'providers', theme);
    await page.goto(`${heimdall.url}/#/providers?edit=build-box`);
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await shoot(page, 'provider', theme);
    await page.goto(`${heimdall.url}/#/providers?add=`);
    await page.getByRole('dialog').waitFor();
    await shoot(page, 'add-provider', theme);
    await page.goto(`${heimdall.url}/#/virtual-keys`);
    await page.getByRole('link', { name: 'code-agent' }).waitFor();
    await shoot(page, 'virtual-keys', theme);
    await page.goto(`${heimdall.url}/#/virtual-keys?edit=${agent.id}`);
    await page.getByRole('heading', { name: 'What it may reach' }).waitFor();
    await shoot(page, 'virtual-key', theme);
    await page.goto(`${heimdall.url}/#/teams`);
    await page.getByRole('link', { name: 'Edit Platform' }).waitFor();
    await shoot(page, 'teams', theme);
    await page.goto(`${heimdall.url}/#/routing`);
    await page.getByRole('link', { name: 'Edit Drafts' }).waitFor();
    await shoot(page, 'routing', theme);
    await page.goto(`${heimdall.url}/#/routing?add=`);
    await page.getByLabel('Name').fill('Small ones');
    await page.getByRole('textbox', { name: /^When/ }).fill('model.startsWith("small-") &&\n  headrs["x-tier"] == "free"');
    await page.getByText('Line 2, column 3.').waitFor();
    await shoot(page, 'rule', theme);
    await page.goto(`${heimdall.url}/#/routing?tab=simulate&model=coder-32b&virtual_key=${agent.id}`);
    await page.getByRole('heading', { name: 'Where it would go' }).waitFor();
    await shoot(page, 'simulator', theme);
    await page.goto(`${heimdall.url}/#/models?tab=limits`);
    await page.getByRole('button', { name: 'Edit the limit of' }).waitFor();
    await shoot(page, 'model-limits', theme);
    await page.goto(`${heimdall.url}/#/settings`);
    await page.getByRole('heading', { name: 'Gateway' }).waitFor();
    await shoot(page, 'settings', theme);
    await page.close();
  }
  // the catalogue of prices is that of the providers there are; these are never called
  for (const { name } of (await heimdall.call('GET', '/api/provider-kinds')).kinds.filter((k) => !k.custom && !k.keyless)) {
    const draft = { provider: name, network_config: { base_url: upstream.url }, keys: [{ name: 'example', value: 'example-0000', models: ['*'], weight: 1 }] };
    await heimdall.call('POST', '/api/providers', draft).catch(() => undefined); // some want more than a key
    if ((await heimdall.call('GET', '/api/models/prices?limit=1')).total > 60) break;
  }
  for (const theme of themes) {
    const page = await open(theme);
    await page.goto(`${heimdall.url}/#/models`);
    await page.getByRole('row').nth(5).waitFor();
    await shoot(page, 'models', theme);
    await page.close();
  }
  await heimdall.call('PUT', '/api/config', { auth_config: { is_enabled: true, admin_username: 'admin', admin_password: 'only-for-a-picture' } });
  for (const theme of themes) {
    const page = await open(theme);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await shoot(page, 'login', theme);
    await page.close();
  }
} finally {
  await Promise.all([browser.close(), heimdall.stop(), upstream.stop()]);
}
