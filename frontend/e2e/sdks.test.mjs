// Real SDKs stream through the gateway while the page is open: their requests show up by themselves, in flight and done.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { start as startGateway } from '../../gateway/sdktest/gateway.mjs';
import { start as startUpstream } from '../../gateway/sdktest/upstream.mjs';
import { startBrowser } from './heimdall.mjs';

const require = createRequire(new URL('../../gateway/sdktest/package.json', import.meta.url));
const { OpenAI } = require('openai');
const { Anthropic } = require('@anthropic-ai/sdk');

const messages = [{ role: 'user', content: 'Hvem der?' }];

let upstream, gateway, browser, page;
before(async () => {
  upstream = await startUpstream();
  [gateway, browser] = await Promise.all([startGateway(upstream.url), startBrowser()]);
  page = await browser.newPage();
  await page.goto(`${gateway.url}/#/logs`);
  await page.getByRole('heading', { level: 1 }).waitFor();
});
after(async () => {
  await browser?.close();
  await gateway?.close();
  await upstream?.close();
});

const rows = (model) => page.getByRole('row').filter({ has: page.getByText(model, { exact: true }) });

test('a streamed request of each SDK shows up live', async () => {
  const openai = new OpenAI({ baseURL: `${gateway.url}/openai/v1`, apiKey: 'dummy', maxRetries: 0 });
  const anthropic = new Anthropic({ baseURL: `${gateway.url}/anthropic`, apiKey: 'dummy', maxRetries: 0 });
  for await (const _ of await openai.chat.completions.create({ model: 'small', messages, stream: true }));
  await rows('small').first().waitFor();
  await anthropic.messages.stream({ model: 'large', max_tokens: 99, messages }).finalMessage();
  await rows('large').first().waitFor();
  assert.equal(await rows('small').count(), 1);
  assert.equal(await rows('large').count(), 1);
});

test('a stream that is not over shows as in flight, and as cancelled once its client leaves', async () => {
  const openai = new OpenAI({ baseURL: `${gateway.url}/openai`, apiKey: 'dummy', maxRetries: 0 });
  const stream = await openai.chat.completions.create({ model: 'silent', messages, stream: true });
  await rows('silent').getByLabel(/in flight/i).waitFor();
  stream.controller.abort();
  await rows('silent').getByLabel(/cancelled/i).waitFor();
});
