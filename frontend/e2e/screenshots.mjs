// Writes docs/screenshots/<page>-<light|dark>.png, with traffic made through the provider that needs no key and through
// a custom one, whose server is a small one of our own.
import { mkdir } from 'node:fs/promises';
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
  await ask('build-box/coder-32b', '', { ...stream, messages: review, tools: [tool], max_tokens: 400 }, 'code-agent/2.4.1');
}

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
    await heimdall.call('POST', '/api/providers', {
      provider: 'build-box',
      custom_provider_config: { base_provider_type: value },
      network_config: { base_url: `${upstream.url}/v1` },
      keys: [
        { name: 'team', value: 'bb-example-team-8d1f0c', models: ['*'], weight: 3 },
        { name: 'night runs', value: 'env.BUILD_BOX_KEY', models: ['coder-32b'], weight: 1 },
      ],
    });
    if ((await heimdall.call('POST', '/api/providers/build-box/test', { model: 'coder-32b', key_id: '' })).ok) break;
    await heimdall.call('DELETE', '/api/providers/build-box');
  }
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
    await page.goto(`${heimdall.url}/#/providers`);
    await page.getByRole('link', { name: 'build-box' }).waitFor();
    await shoot(page, 'providers', theme);
    await page.goto(`${heimdall.url}/#/providers?edit=build-box`);
    await page.getByRole('heading', { name: 'Keys' }).waitFor();
    await shoot(page, 'provider', theme);
    await page.goto(`${heimdall.url}/#/providers?add=`);
    await page.getByRole('dialog').waitFor();
    await shoot(page, 'add-provider', theme);
    await page.goto(`${heimdall.url}/#/settings`);
    await page.getByRole('heading', { name: 'Gateway' }).waitFor();
    await shoot(page, 'settings', theme);
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
