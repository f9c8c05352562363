// The page under test: Heimdall with the provider that needs no key, and a fresh page in Chromium for each test. A test
// fails whose page has an error or breaks its policy.
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach } from 'node:test';
import { keyless, startBrowser, startHeimdall } from './heimdall.mjs';

/** model is one of the kind's, as clients name it. */
export let heimdall, kind, model, page;
let browser, context, complaints;

before(async () => {
  [browser, heimdall] = await Promise.all([startBrowser(), startHeimdall()]);
  kind = await keyless(heimdall);
  model = `${kind.name}/${kind.models[0]}`;
});
after(async () => {
  await browser?.close();
  await heimdall?.stop();
});
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(10_000);
  page = await context.newPage();
  complaints = [];
  page.on('pageerror', (e) => complaints.push(e.message));
  page.on('console', (m) => {
    if (/Content Security Policy|Refused to/.test(m.text())) complaints.push(m.text());
  });
});
afterEach(async () => {
  assert.deepEqual(complaints, [], 'the page runs without errors, within its policy');
  await context.close();
});

/** open goes to a place of the page, such as #/logs. */
export async function open(place = '') {
  await page.goto(`${heimdall.url}/${place}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** shown waits until the first that is meant is to be seen. */
export const shown = (locator) => locator.first().waitFor();
