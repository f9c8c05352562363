// Starts the headless program in a folder of its own, with every provider pointed at an upstream.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

async function freePort () {
  const server = net.createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}

const secret = 'env.SDKTEST_KEY'

// What a provider's key and its network settings need besides the usual.
const keys = {
  azure: url => ({ azure_key_config: { endpoint: url } }),
  bedrock: () => ({ value: '', bedrock_key_config: { region: 'eu-north-1', access_key: 'AKIASDKTEST', secret_key: secret } })
}

function provider (name, url) {
  const key = { name: 'main', value: secret, models: ['*'], weight: 1, ...keys[name]?.(url) }
  return { keys: [key], network_config: name === 'azure' ? {} : { base_url: url } }
}

const names = ['anthropic', 'azure', 'bedrock', 'cohere', 'gemini', 'groq', 'mistral', 'openai', 'openrouter']

/**
 * start(upstream URL, {client, keyless}) → {url, api(path), close()}. client is the section of config.json; keyless names
 * providers that are there without a key.
 */
export async function start (upstream, { client = {}, keyless = [] } = {}) {
  const bin = process.env.HEIMDALL_BIN
  if (!bin) throw new Error('HEIMDALL_BIN must name the headless program (make test-sdk sets it)')
  const dir = await mkdtemp(path.join(os.tmpdir(), 'heimdall-sdk-'))
  const providers = Object.fromEntries(names.map(name => [name, provider(name, `${upstream}/${name}`)]))
  for (const name of keyless) providers[name].keys = []
  await writeFile(path.join(dir, 'config.json'), JSON.stringify({ version: 2, client, providers }))
  const port = await freePort()
  const child = spawn(bin, ['serve', '--port', String(port), '--app-dir', dir, '--log-level', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SDKTEST_KEY: 'sk-upstream', HEIMDALL_PASSPHRASE: 'sdktest', DBUS_SESSION_BUS_ADDRESS: 'disabled:' }
  })
  const url = `http://127.0.0.1:${port}`
  await until(async () => (await fetch(url + '/health').catch(() => null))?.ok, 'the gateway to answer')
  return {
    url,
    api: async p => (await fetch(url + p)).json(),
    close: async () => {
      child.kill('SIGTERM')
      await new Promise(resolve => child.once('exit', resolve))
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** until polls a condition, and fails with what it waited for. */
export async function until (condition, what, seconds = 10) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error('waited too long for ' + what)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
