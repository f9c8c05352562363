import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { before, describe, test } from 'node:test';
import { until } from './heimdall.mjs';
import { heimdall, kind, model, open, page, shown } from './page.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const gone = (locator) => locator.waitFor({ state: 'detached' });
const title = (name) => page.getByRole('heading', { level: 1, name });
const dialog = (name) => page.getByRole('dialog', { name });
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

/** call makes a chat request with a virtual key. */
async function call(key, more = {}) {
  const answer = await fetch(`${heimdall.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key ? { Authorization: `Bearer ${key}` } : {}) },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'How long is a piece of string?' }], ...more }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** makeKey makes a virtual key by the API and gives it with its value. */
async function makeKey(draft) {
  return (await heimdall.call('POST', '/api/governance/virtual-keys', { allow_all_providers: true, ...draft })).virtual_key;
}

/** priced sets what the first model of the keyless provider costs, in dollars for a million tokens. */
async function priced(input, output) {
  const { pricing_overrides: old } = await heimdall.call('GET', '/api/governance/pricing-overrides');
  for (const o of old) await heimdall.call('DELETE', `/api/governance/pricing-overrides/${o.id}`);
  if (input === undefined) return;
  await heimdall.call('POST', '/api/governance/pricing-overrides', {
    name: 'test', scope_kind: 'provider', provider_id: kind.name, match_type: 'exact', pattern: kind.models[0], request_types: [], per_1m: { input, output },
  });
}

describe('virtual keys', () => {
  test('the value of a new one is shown once, works, and is nowhere afterwards', async () => {
    await open('#/virtual-keys');
    await page.getByRole('link', { name: 'Create the first one' }).click();
    await page.getByLabel('Name').fill('agent');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Copy', exact: true }).click();
    const value = await clipboard();
    assert.match(value, /^sk-bf-.{20}/);
    assert.equal(await page.getByRole('dialog').locator('code').first().innerText(), value);
    await page.getByRole('button', { name: 'Done' }).click();
    assert.equal((await call(value)).status, 200);

    await shown(title('agent'));
    const nowhere = async () => assert.ok(!(await page.content()).includes(value));
    await nowhere();
    await page.reload();
    await shown(title('agent'));
    await shown(page.getByText(`sk-bf-…${value.slice(-4)}`));
    await nowhere();
    assert.equal(await page.evaluate((v) => JSON.stringify({ ...localStorage, ...sessionStorage, at: location.href }).includes(v), value), false);
    assert.ok(!JSON.stringify(await heimdall.call('GET', '/api/governance/virtual-keys')).includes(value));
  });

  test('a name that is taken is said at its field', async () => {
    await makeKey({ name: 'taken' });
    await open('#/virtual-keys?add=');
    await page.getByLabel('Name').fill('taken');
    await page.getByRole('button', { name: 'Create key' }).click();
    await shown(page.getByRole('alert').getByText('taken'));
    assert.equal(await page.getByLabel('Name').getAttribute('aria-invalid'), 'true');
  });

  test('rotated, both values work while the old one has grace, and only the new one where it has none', async () => {
    const key = await makeKey({ name: 'turning' });
    const rotate = async (grace) => {
      await page.getByRole('button', { name: 'Rotate…' }).click();
      await dialog('A new value for turning').getByLabel('The old value works').selectOption(grace);
      await page.getByRole('button', { name: 'Rotate', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Copy', exact: true }).click();
      const value = await clipboard();
      await page.getByRole('button', { name: 'Done' }).click();
      return value;
    };
    await open(`#/virtual-keys?edit=${key.id}`);
    const second = await rotate('for an hour');
    assert.notEqual(second, key.value);
    await shown(page.getByText('The value before the last change works until'));
    assert.deepEqual([(await call(key.value)).status, (await call(second)).status], [200, 200]);
    const third = await rotate('no longer');
    assert.deepEqual([(await call(second)).status, (await call(third)).status], [401, 200]);
  });

  test('its budget fills with every call, until calls are refused', async () => {
    await priced(1000, 1000);
    const key = await makeKey({ name: 'spender', budgets: [{ max_limit: 1, reset_duration: '1d' }] });
    await open('#/virtual-keys');
    const meter = page.getByRole('listitem').filter({ hasText: 'spender' }).getByRole('meter', { name: '$1.00 a day' });
    assert.equal(await meter.getAttribute('aria-valuenow'), '0');
    assert.equal((await call(key.value, { max_tokens: 1 })).status, 200);
    await until(async () => Number(await meter.getAttribute('aria-valuenow')) > 0, 'the bar moves');
    let last;
    for (let n = 0; n < 100 && last?.status !== 402 && last?.status !== 429; n++) last = await call(key.value, { max_tokens: 1 });
    assert.match(JSON.stringify(last), /budget/i);
    await priced();
  });

  test('a new name and a new limit leave what was spent', async () => {
    await priced(1000, 1000);
    const key = await makeKey({ name: 'before', budgets: [{ max_limit: 5, reset_duration: '1d' }] });
    await call(key.value, { max_tokens: 1 });
    const spent = async () => (await heimdall.call('GET', `/api/governance/virtual-keys/${key.id}`)).virtual_key.budgets[0].current_usage;
    await until(async () => (await spent()) > 0, 'the call is settled');
    const was = await spent();
    await open(`#/virtual-keys?edit=${key.id}`);
    assert.equal(await page.getByText('Not saved yet').count(), 0);
    await page.getByLabel('Name').fill('after');
    await page.getByLabel('Budget 1 in US dollars').fill('7');
    await page.getByLabel('Request limit', { exact: true }).fill('100');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('after is saved.'));
    await shown(title('after'));
    await shown(page.getByRole('meter', { name: '$7.00 a day' }));
    assert.equal(await spent(), was);
    await priced();
  });

  test('it reaches only the providers that it is given', async () => {
    const key = await makeKey({ name: 'narrow' });
    await open(`#/virtual-keys?edit=${key.id}`);
    await page.getByRole('switch', { name: 'All providers' }).click();
    await shown(page.getByText('every request is refused'));
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('narrow is saved.'));
    assert.equal((await call(key.value)).status, 403);
    await page.getByRole('button', { name: kind.title, exact: true }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await until(async () => (await call(key.value)).status === 200, 'the provider is reached');
    await page.reload();
    await shown(page.getByLabel(`Weight of ${kind.name}`));
  });

  test('switched off it is refused, and deleted it is gone', async () => {
    const key = await makeKey({ name: 'short-lived' });
    await open(`#/virtual-keys?edit=${key.id}`);
    await page.getByRole('switch', { name: 'The key works' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await until(async () => (await call(key.value)).status === 403, 'it is refused');
    await page.getByRole('button', { name: 'Delete…' }).click();
    await dialog('Delete short-lived?').getByRole('button', { name: 'Delete key' }).click();
    await shown(page.getByText('short-lived is deleted.'));
    await shown(title('Virtual keys'));
    await gone(page.getByRole('link', { name: 'short-lived' }));
    assert.equal((await call(key.value)).status, 401);
  });

  test('a search stays in the address', async () => {
    await makeKey({ name: 'needle' });
    await open('#/virtual-keys');
    await page.getByRole('searchbox', { name: 'Find a key' }).fill('need');
    await shown(page.getByRole('link', { name: 'needle' }));
    await until(async () => (await page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'taken' }) }).count()) === 0, 'others are not shown');
    await page.reload();
    await shown(page.getByRole('link', { name: 'needle' }));
    assert.equal(await page.getByRole('searchbox', { name: 'Find a key' }).inputValue(), 'need');
    await page.getByRole('searchbox', { name: 'Find a key' }).fill('nothing like it');
    await shown(page.getByRole('heading', { name: 'No key fits' }));
  });
});

describe('teams and customers', () => {
  test('one is added, edited and deleted', async () => {
    await open('#/teams');
    await page.getByRole('link', { name: 'Add the first one' }).click();
    await page.getByLabel('Name').fill('Platform');
    await page.getByRole('button', { name: 'Add a budget' }).click();
    await page.getByLabel('Budget 1 in US dollars').fill('20');
    await page.getByRole('dialog').getByRole('button', { name: 'Add team' }).click();
    await shown(page.getByText('Platform is saved.'));
    await shown(page.getByRole('meter', { name: '$20.00 a month' }));

    await page.getByRole('link', { name: 'Edit Platform' }).click();
    await page.reload();
    await dialog('Edit Platform').getByLabel('Token limit', { exact: true }).fill('5000');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('meter', { name: '5,000 tokens an hour' }));

    const { teams } = await heimdall.call('GET', '/api/governance/teams');
    await makeKey({ name: 'of-platform', team_id: teams[0].id });
    await page.getByRole('link', { name: '1 virtual key' }).click();
    await shown(page.getByText('Keys of Platform'));
    await shown(page.getByRole('link', { name: 'of-platform' }));

    await page.goBack();
    await page.getByRole('link', { name: 'Edit Platform' }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await shown(dialog('Delete Platform?').getByText('1 virtual key'));
    await page.getByRole('button', { name: 'Delete team' }).click();
    await shown(page.getByRole('heading', { name: 'No teams yet' }));
  });

  test('a customer has teams', async () => {
    await open('#/teams?show=customers');
    await page.getByRole('link', { name: 'Add customer' }).click();
    await page.getByLabel('Name').fill('Acme');
    await page.getByRole('dialog').getByRole('button', { name: 'Add customer' }).click();
    await shown(page.getByText('Acme is saved.'));
    await page.getByText('Teams', { exact: true }).last().click();
    await page.getByRole('link', { name: 'Add team' }).click();
    await page.getByLabel('Name').fill('Core');
    await page.getByRole('combobox', { name: 'Customer' }).selectOption('Acme');
    await page.getByRole('dialog').getByRole('button', { name: 'Add team' }).click();
    await shown(page.getByRole('listitem').filter({ hasText: 'Core' }).getByText('Acme'));
    await page.getByText('Customers', { exact: true }).click();
    await shown(page.getByRole('link', { name: '1 team · 0 virtual keys' }));
  });
});

describe('routing', () => {
  test('a wrong expression is shown at its place, mended, saved, and what would happen is told', async () => {
    await open('#/routing');
    await page.getByRole('link', { name: 'Add the first one' }).click();
    await page.getByLabel('Name').fill('Fast ones');
    const when = page.getByRole('textbox', { name: /^When/ });
    await when.fill('model.startsWith("fast-") &&\n  headrs["x-tier"] == "free"');
    await shown(page.getByText('Line 2, column 3.'));
    assert.equal(await when.getAttribute('aria-invalid'), 'true');
    await page.getByRole('dialog').getByRole('button', { name: 'Add rule' }).click();
    await shown(page.getByRole('alert').filter({ hasText: /line 2, column 3/i }));
    await when.fill('model.startsWith("fast-") &&\n  headers["x-tier"] == "free"');
    await shown(page.getByText('Valid'));
    await page.getByLabel('Provider of target 1').selectOption(kind.name);
    await page.getByLabel('Model of target 1').fill(kind.models[0]);
    await page.getByRole('dialog').getByRole('button', { name: 'Add rule' }).click();
    await gone(page.getByRole('dialog'));
    await shown(page.getByRole('listitem').filter({ hasText: 'Fast ones' }).getByText(model));

    await page.getByText('Try it out').click();
    await page.getByLabel('Model').fill('fast-1');
    await page.getByLabel('Add to the headers').fill('x-tier: free');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'What would happen?' }).click();
    const candidates = page.getByRole('region', { name: 'Where it would go' });
    await shown(candidates.getByText('100% of first tries'));
    await shown(candidates.getByText(model));
    await shown(page.getByRole('region', { name: 'How that is decided' }).getByText('Fast ones'));
    await page.reload();
    await shown(candidates.getByText(model));

    const answer = await fetch(`${heimdall.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'x-tier': 'free' },
      body: JSON.stringify({ model: 'fast-1', messages: [{ role: 'user', content: 'Hi' }] }),
    });
    assert.equal(answer.status, 200);
  });

  test('a rule is switched off, and deleted', async () => {
    await open('#/routing');
    await page.getByRole('switch', { name: 'Fast ones is on' }).click();
    await until(async () => (await heimdall.call('GET', '/api/routing/rules')).rules[0].enabled === false, 'it is off');
    await page.getByRole('link', { name: 'Edit Fast ones' }).click();
    await page.reload();
    await dialog('Edit Fast ones').getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete rule' }).click();
    await shown(page.getByRole('heading', { name: 'No rules yet' }));
  });

  test('what makes a question hard is set, tried out, and reset', async () => {
    const rule = { name: 'Hard ones', cel_expression: 'complexity_tier == "REASONING"', provider: kind.name, model: kind.models[0] };
    const { rule: made } = await heimdall.call('POST', '/api/routing/rules', rule);
    await open('#/routing');
    await page.getByText('Complexity', { exact: true }).click();
    await page.getByLabel('MEDIUM from').fill('0.5');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').filter({ hasText: 'must be more than 0.5' }));
    await page.getByLabel('MEDIUM from').fill('0.1');
    await page.getByLabel('Reasoning keywords').fill('piece of\nstring');
    await page.getByRole('button', { name: 'Save' }).click();
    await until(async () => (await heimdall.call('GET', '/api/routing/complexity')).tier_boundaries.simple_medium === 0.1, 'it is saved');

    await page.getByText('Try it out').click();
    await page.getByLabel('Model').fill('anything');
    await page.getByLabel('Question').fill('How long is a piece of string?');
    await page.getByRole('button', { name: 'What would happen?' }).click();
    const steps = page.getByRole('region', { name: 'How that is decided' });
    await shown(steps.getByText('The request is graded REASONING'));
    await shown(page.getByRole('region', { name: 'Where it would go' }).getByText(model));

    await page.getByText('Complexity', { exact: true }).click();
    await page.getByRole('button', { name: 'Reset…' }).click();
    await page.getByRole('button', { name: 'Reset settings' }).click();
    await gone(page.getByRole('dialog'));
    assert.notEqual(await page.getByLabel('MEDIUM from').inputValue(), '0.1');
    assert.ok((await page.getByLabel('Reasoning keywords').inputValue()).includes('step by step'));
    await heimdall.call('DELETE', `/api/routing/rules/${made.id}`);
  });

  test('who may not reach a model is told why', async () => {
    const key = await makeKey({ name: 'nothing', allow_all_providers: false });
    await open(`#/routing?tab=simulate&model=${model}&virtual_key=${key.id}`);
    await shown(page.getByText('It would be refused.'));
    await page.getByLabel('Virtual key').selectOption('None');
    await page.getByRole('button', { name: 'What would happen?' }).click();
    await gone(page.getByText('It would be refused.'));
  });
});

describe('models', () => {
  test('a price of my own shows in the list and in what calls cost, and goes again', async () => {
    await open(`#/models?provider=${kind.name}`);
    await page.getByRole('button', { name: `Set the price of ${model}`, exact: true }).click();
    await page.getByLabel('Input').fill('1000');
    await page.getByLabel('Output').fill('3000');
    await page.getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('row').filter({ has: page.getByText(model, { exact: true }) });
    await shown(row.getByText('$3,000.00'));
    await shown(row.getByText('my price'));

    await call('');
    await page.goto(`${heimdall.url}/#/logs`);
    await page.getByRole('row').filter({ hasText: kind.models[0] }).first().click();
    await page.getByRole('tab', { name: 'Usage' }).click();
    await shown(page.getByRole('tabpanel').getByText(/\$0\.\d+/));

    await page.goto(`${heimdall.url}/#/models?tab=overrides`);
    await page.getByRole('button', { name: `Edit ${model}` }).click();
    await page.getByRole('button', { name: 'Back to the catalogue' }).click();
    await shown(page.getByRole('heading', { name: 'No prices of your own' }));
  });

  test('a price wants a number', async () => {
    await open('#/models');
    await page.getByRole('button', { name: 'Set a price' }).click();
    await page.getByLabel('Name of the model').fill('x');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByRole('alert').getByText('Give at least one price'));
    await page.keyboard.press('Escape');
    await gone(page.getByRole('dialog'));
  });

  test('a limit of a model holds for everybody', async () => {
    await open('#/models?tab=limits');
    await page.getByRole('button', { name: 'Add the first one' }).click();
    await page.getByLabel('Model', { exact: true }).fill(kind.models[0]);
    await page.getByLabel('Request limit', { exact: true }).fill('1');
    await page.getByRole('dialog').getByRole('button', { name: 'Add limit' }).click();
    const meter = page.getByRole('meter', { name: '1 request an hour' });
    await shown(meter);
    assert.deepEqual([(await call('')).status, (await call('')).status], [200, 429]);
    await page.reload();
    await until(async () => (await meter.getAttribute('aria-valuenow')) === '100', 'the bar is full');
    await page.getByRole('button', { name: `Edit the limit of ${kind.models[0]}` }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete limit' }).click();
    await shown(page.getByRole('heading', { name: 'No limits on models' }));
    assert.equal((await call('')).status, 200);
  });
});

describe('the kill switch', () => {
  const refused = async () => (await call('')).status === 403;

  test('pauses and resumes from the overview', async () => {
    await open();
    await page.getByRole('button', { name: 'Pause all calls' }).click();
    await shown(page.getByText('All calls are paused'));
    await shown(page.getByRole('navigation').getByText('Calls are paused'));
    const { status, body } = await call('');
    assert.deepEqual([status, body.error.type], [403, 'gateway_paused']);
    await page.reload();
    await page.getByRole('button', { name: 'Resume calls' }).click();
    await shown(page.getByRole('button', { name: 'Pause all calls' }));
    assert.equal(await refused(), false);
  });

  test('pauses and resumes by the palette, from any page', async () => {
    await open('#/models');
    await shown(page.getByRole('navigation').getByText('Running'));
    for (const [words, paused] of [['pause all', true], ['resume calls', false]]) {
      await page.keyboard.press('Control+k');
      await page.keyboard.type(words);
      await page.keyboard.press('Enter');
      await until(async () => (await refused()) === paused, `calls are ${paused ? 'refused' : 'answered'}`);
      await shown(page.getByRole('navigation').getByText(paused ? 'Calls are paused' : 'Running')); // the palette offers what the page knows
    }
  });

  test('trips by itself at the limit', async () => {
    await priced(100_000, 100_000);
    await open();
    await page.getByRole('button', { name: 'Auto-pause…' }).click();
    await page.getByLabel('US dollars per minute').fill('0.5');
    await page.getByRole('button', { name: 'Save' }).click();
    await shown(page.getByText('pauses above $0.50 a minute'));
    await call('');
    await shown(page.getByText('All calls are paused'));
    assert.equal(await refused(), true);
    await heimdall.call('PUT', '/api/kill-switch', { paused: false, max_per_minute: 0 });
    await priced();
  });
});

describe('where the API says no', () => {
  for (const [place, path, words] of [
    ['virtual-keys', '**/api/governance/virtual-keys*', 'The virtual keys cannot be read'],
    ['teams', '**/api/governance/teams*', 'The teams cannot be read'],
    ['routing', '**/api/routing/rules', 'The rules cannot be read'],
    ['routing?tab=complexity', '**/api/routing/complexity', 'The settings cannot be read'],
    ['models', '**/api/models/prices*', 'The models cannot be read'],
    ['models?tab=overrides', '**/api/governance/pricing-overrides', 'Your prices cannot be read'],
    ['models?tab=limits', '**/api/governance/model-configs', 'The limits cannot be read'],
  ]) {
    test(`${place} says so, and reads again`, async () => {
      await page.route(path, (r) => r.fulfill({ status: 500, json: { error: { message: 'the store is locked' } } }));
      await open(`#/${place}`);
      await shown(page.getByRole('heading', { name: words }));
      await shown(page.getByText('The store is locked'));
      await page.unroute(path);
      await page.getByRole('button', { name: 'Read again' }).click();
      await gone(page.getByRole('heading', { name: words }));
    });
  }
});

describe('accessibility', () => {
  const dialogOpen = () => shown(page.getByRole('dialog'));
  before(() => makeKey({ name: 'measured', budgets: [{ max_limit: 1, reset_duration: '1d' }], rate_limit: { request_max_limit: 9, request_reset_duration: '1h' } }));
  const places = {
    'virtual-keys': async () => shown(page.getByRole('meter')),
    'virtual-keys?add=': async () => page.getByRole('button', { name: 'Add a budget' }).click(),
    'virtual-keys?search=measured': async () => page.getByRole('link', { name: 'measured' }).click().then(() => page.getByRole('button', { name: 'Rotate…' }).click()),
    teams: async () => {},
    'teams?add=': dialogOpen,
    'teams?show=customers': async () => {},
    routing: async () => {},
    'routing?add=': async () => {
      await page.getByRole('textbox', { name: /^When/ }).fill('modl == 1');
      await shown(page.getByText('Line 1, column 1.'));
    },
    'routing?tab=simulate&model=nothing': async () => {},
    'routing?tab=complexity': async () => shown(page.getByLabel('Code keywords')),
    models: async () => {},
    'models?tab=overrides': async () => page.getByRole('button', { name: 'Set a price' }).first().click().then(dialogOpen),
    'models?tab=limits': async () => page.getByRole('button', { name: 'Add limit' }).click().then(dialogOpen),
    overview: async () => page.getByRole('button', { name: 'Auto-pause…' }).click().then(dialogOpen),
  };
  for (const theme of ['light', 'dark']) {
    for (const [place, prepare] of Object.entries(places)) {
      test(`axe finds nothing on ${place}, ${theme}`, async () => {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
        await open(`#/${place}`);
        await prepare();
        await page.evaluate(axe); // the devtools protocol is not bound by the page's policy
        const found = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
        assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? ''}`).join(' | ')}`), []);
      });
    }
  }

  test('pages reflow at 320 pixels', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    for (const [place, prepare] of Object.entries(places)) {
      await page.goto('about:blank');
      await open(`#/${place}`);
      await prepare();
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320, place);
    }
  });

  test('Escape closes each dialog, and its address goes', async () => {
    for (const place of ['teams?add=', 'routing?add=']) {
      await page.goto('about:blank');
      await open(`#/${place}`);
      await dialogOpen();
      await page.keyboard.press('Escape');
      await gone(page.getByRole('dialog'));
      assert.equal(new URL(page.url()).hash, `#/${place.split('?')[0]}`);
    }
  });
});
