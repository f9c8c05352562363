// Sessions, metrics, replay, comparison, views and export, as a user meets them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { until } from './heimdall.mjs';
import { heimdall, kind, model, open, page, shown } from './page.mjs';

/** converse has a conversation of several turns, as an agent has them. */
async function converse(session, turns) {
  const messages = [];
  for (const text of turns) {
    messages.push({ role: 'user', content: text });
    const answer = await fetch(`${heimdall.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'code-agent/2.4', ...(session ? { 'x-bf-session-id': session } : {}) },
      body: JSON.stringify({ model, messages }),
    });
    messages.push((await answer.json()).choices[0].message);
  }
}

test('a conversation is a session', async () => {
  await converse('named', ['Why is the build red?', 'And now?', 'Thanks.']);
  await open('#/sessions');
  await page.getByRole('link', { name: 'Why is the build red?' }).click();
  await shown(page.getByRole('heading', { name: 'Why is the build red?' }));
  await until(async () => (await page.getByRole('region', { name: 'Requests of the session' }).getByRole('row').count()) === 4, 'all requests are listed');
  await shown(page.getByRole('region', { name: 'Context, tokens by request' }));
  await page.getByRole('region', { name: 'Context, tokens by request' }).getByRole('button', { name: 'Table' }).click();
  await shown(page.getByText('Request 3'));
  await page.getByRole('link', { name: 'In the log' }).click();
  await until(async () => (await page.getByRole('grid').getAttribute('aria-rowcount')) === '4', 'the log shows its requests');
});

test('a conversation that nobody names is one too, and a single question is none', async () => {
  await converse('', ['What does the linter want?', 'And why?']);
  await converse('', ['Just one question.']);
  await until(async () => (await heimdall.call('GET', '/api/logs/sessions')).sessions.some((s) => s.title === 'What does the linter want?'), 'the log knows it');
  await open('#/sessions');
  await page.getByRole('link', { name: 'What does the linter want?' }).click();
  await until(async () => (await page.getByRole('region', { name: 'Requests of the session' }).getByRole('row').count()) === 3, 'both requests are listed');
  await open('#/sessions');
  await shown(page.getByRole('link', { name: 'What does the linter want?' }));
  assert.equal(await page.getByRole('link', { name: 'Just one question.' }).count(), 0);
});

test('a session becomes a cassette', async () => {
  await converse('to-keep', ['One.', 'Two.']);
  await open('#/sessions?id=to-keep');
  await page.getByRole('button', { name: 'Save as a cassette' }).click();
  await shown(page.getByText(/Saved 2 requests in /));
});

test('metrics add up what happened, and lead to the requests', async () => {
  await heimdall.ask(`${kind.name}/error-500`, 'fail');
  await open('#/metrics');
  await shown(page.getByRole('heading', { name: 'Cost by model' }));
  const { stats } = await heimdall.call('GET', '/api/logs?limit=1');
  await shown(page.getByRole('group').or(page.locator('dl')).filter({ hasText: 'Requests' }).getByText(String(stats.total_requests), { exact: true }));
  await page.getByRole('region', { name: 'Requests', exact: true }).getByRole('button', { name: 'Table' }).click();
  await shown(page.getByRole('region', { name: 'Requests as a table' }).getByText('Failed'));
  await page.getByText('7 days').click();
  await until(() => page.url().includes('period=7d'), 'the period is in the address');
  await page.getByRole('region', { name: 'Models' }).getByRole('link').first().click();
  await shown(page.getByRole('heading', { level: 1, name: 'Logs' }));
  await until(async () => (await page.getByRole('combobox', { name: 'Filter' }).inputValue()).includes('model'), 'the log is filtered');
});

test('a request is sent again and compared with its answer', async () => {
  await heimdall.ask(model, 'say something');
  await open('#/logs');
  await page.getByRole('row').filter({ hasText: 'chat' }).first().click();
  await shown(page.getByRole('button', { name: 'Replay' }));
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Send this request again' });
  await dialog.getByLabel('Parameters').fill('{"temperature": 0.1}');
  await dialog.getByRole('button', { name: 'Send and compare' }).click();
  const compared = page.getByRole('dialog', { name: 'Compare two requests' });
  await shown(compared.getByText('temperature'));
  await shown(compared.getByText('replay'));
  await compared.getByRole('button', { name: 'Open the second' }).click();
  await shown(page.getByRole('complementary', { name: 'Request' }));
  const id = new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('id');
  assert.ok((await heimdall.call('GET', `/api/logs/${id}`)).parent_request_id);
});

test('two rows are compared by keys alone', async () => {
  await heimdall.ask(model, 'first');
  await heimdall.ask(model, 'second');
  await open('#/logs');
  await page.getByRole('row').nth(2).waitFor();
  for (const key of ['j', 'x', 'j', 'x', 'd']) await page.keyboard.press(key);
  await shown(page.getByRole('dialog', { name: 'Compare two requests' }).getByText('What was asked'));
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('a view keeps a filter under a name and a key', async () => {
  await open('#/logs?filter=status%3Aerror');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByLabel('Name of the view').fill('Failures');
  await page.getByRole('button', { name: 'Keep' }).click();
  await shown(page.getByRole('button', { name: /^Failures/ }));
  await open('#/logs');
  await page.getByRole('row').nth(1).waitFor();
  await page.keyboard.press('Alt+1');
  await until(() => page.url().includes('status%3Aerror'), 'the view is open');
});

test('what is listed is exported', async () => {
  await heimdall.ask(model, 'take me along', {}, 'exporter/1.0');
  await open('#/logs?filter=app%3Aexporter');
  await page.getByRole('row').nth(1).waitFor();
  await page.getByRole('button', { name: 'Export' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^JSON lines/ }).click()]);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n').map((l) => JSON.parse(l));
  assert.equal(lines.length, 1);
  assert.match(JSON.stringify(lines[0]), /take me along/);
});

test('the settings show what the log takes', async () => {
  await open('#/settings');
  await shown(page.getByRole('meter', { name: 'Part of the limit in use' }));
  await shown(page.getByText(/requests since/));
});
