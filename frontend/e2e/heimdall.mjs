import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** startHeimdall runs the headless program that HEIMDALL_BIN names, on a free port, with an empty app folder. */
export async function startHeimdall(variables = {}) {
  const bin = process.env.HEIMDALL_BIN;
  if (!bin) throw new Error('HEIMDALL_BIN has to name the headless program');
  const dir = await mkdtemp(join(tmpdir(), 'heimdall-e2e-'));
  const port = await freePort();
  const child = spawn(bin, ['serve', '--port', String(port), '--app-dir', dir, '--log-level', 'error'], {
    env: { PATH: process.env.PATH, HOME: dir, HEIMDALL_PASSPHRASE: 'e2e', ...variables },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(async () => (await fetch(`${url}/health`)).ok, 'Heimdall answers');
  return {
    url,
    /** call speaks to the management API and gives its JSON. */
    async call(method, path, body) {
      const answer = await fetch(url + path, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : undefined;
    },
    /** ask sends a chat request and waits for all of its answer; its status may be any. */
    async ask(model, content, more = {}, client = 'e2e-client/1.0') {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'User-Agent': client },
        body: JSON.stringify({ model, messages: [{ role: 'user', content }], ...more }),
      });
      return { status: answer.status, text: await answer.text() };
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** startBrowser runs Debian's Chromium with a fresh profile that talks to nobody else. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** keyless adds the kind of provider that needs no key, where it is not there yet, and gives it with its name. */
export async function keyless(heimdall) {
  const { kinds } = await heimdall.call('GET', '/api/provider-kinds');
  const kind = kinds.find((k) => k.keyless && !k.custom);
  const { providers } = await heimdall.call('GET', '/api/providers');
  if (!providers.some((p) => p.name === kind.name)) await heimdall.call('POST', '/api/providers', { provider: kind.name, keys: [] });
  return kind;
}

/** until waits for something to be true, ten seconds at most. */
export async function until(check, what) {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      if (await check()) return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    if (Date.now() > end) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
