// Writes docs/screenshots/<page>-<light|dark>.png, with traffic made through the provider that needs no key.
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { keyless, startBrowser, startHeimdall } from './heimdall.mjs';

const folder = process.env.SCREENSHOTS ?? fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const tool = {
  type: 'function',
  function: {
    name: 'search_code',
    description: 'Searches the repository.',
    parameters: { type: 'object', properties: { query: { type: 'string' }, limit: { type: 'integer' } }, required: ['query', 'limit'] },
  },
};
const questions = [
  'Explain what a write-ahead log is, for somebody who knows SQL.',
  'Name three ways to detect that a TCP peer is gone.',
  'Write a commit message: fixed the race between reload and shutdown.',
  'Why is my Go test flaky under -race?',
  'Turn this curl line into a fetch call.',
  'What does SO_REUSEPORT change for a listener?',
  'Summarise the failing CI log in two sentences.',
];

async function traffic(heimdall, name) {
  for (let round = 0; round < 4; round++) {
    for (const [i, q] of questions.entries()) {
      const say = (model, more) => heimdall.ask(`${name}/${model}`, q, more);
      if (i === 2 && round % 2) await say('error-429');
      else if (i === 4 && round === 2) await say('error-500');
      else if (i === 5) await say('tools', { tools: [tool], tool_choice: 'auto' });
      else await say('chat', { stream: i % 2 === 0, temperature: 0.2, stream_options: i % 2 === 0 ? { include_usage: true } : undefined });
    }
  }
  const messages = [
    { role: 'system', content: 'You are a careful reviewer. Use the tools before you answer.' },
    { role: 'user', content: 'Where do we close the upstream connection when a client hangs up?' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'call_7f3a', type: 'function', function: { name: 'search_code', arguments: '{"query":"CloseConn hang-up","limit":5}' } }] },
    { role: 'tool', tool_call_id: 'call_7f3a', content: '{"hits":[{"file":"transport/client.go","line":118},{"file":"edge/conn.go","line":42}]}' },
    { role: 'user', content: 'Summarise both places in one sentence each.' },
  ];
  await heimdall.ask(`${name}/chat`, '', { messages, tools: [tool], stream: true, temperature: 0.2, max_tokens: 400 });
}

const heimdall = await startHeimdall();
const browser = await startBrowser();
try {
  await mkdir(folder, { recursive: true });
  const kind = await keyless(heimdall);
  const shoot = async (page, name, theme) => {
    await page.waitForTimeout(400); // the last frame of the live channel and the fonts
    await page.screenshot({ path: `${folder}/${name}-${theme}.png` });
  };
  const themes = ['light', 'dark'];
  const open = async (theme) => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme });
    await page.goto(heimdall.url);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    return page;
  };
  for (const theme of themes) {
    const page = await open(theme);
    await page.getByText('Your first request').waitFor();
    await shoot(page, 'first-run', theme);
    await page.close();
  }
  const custom = (await heimdall.call('GET', '/api/provider-kinds')).kinds.find((k) => k.custom);
  const base = custom.options.find((o) => o.name === 'base_provider_type').choices[0].value;
  await heimdall.call('POST', '/api/providers', {
    provider: 'build-box',
    custom_provider_config: { base_provider_type: base },
    network_config: { base_url: 'http://127.0.0.1:11434/v1' },
    keys: [
      { name: 'team', value: 'sk-example-team-8d1f0c', models: ['*'], weight: 3 },
      { name: 'night runs', value: 'env.BUILD_BOX_KEY', models: ['coder-32b'], weight: 1 },
    ],
  });
  await traffic(heimdall, kind.name);
  for (const theme of themes) {
    const page = await open(theme);
    const running = [heimdall.ask(`${kind.name}/slow`, questions[0], { stream: true }), heimdall.ask(`${kind.name}/slow`, questions[1], { stream: true })];
    await page.getByRole('img', { name: 'In flight' }).first().waitFor();
    await shoot(page, 'overview', theme);
    await page.goto(`${heimdall.url}/#/logs`);
    await page.getByRole('row').nth(5).waitFor();
    await shoot(page, 'logs', theme);
    await Promise.all(running);
    await page.getByRole('row').nth(3).click();
    await page.getByRole('tab', { name: 'Conversation' }).waitFor();
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
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme });
    await page.goto(heimdall.url);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await shoot(page, 'login', theme);
    await page.close();
  }
} finally {
  await browser.close();
  await heimdall.stop();
}
