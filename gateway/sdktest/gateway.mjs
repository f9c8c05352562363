// Starts the headless program in a folder of its own, with both providers pointed at an upstream.
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

/** start(upstream URL) → {url, api(path), close()} */
export async function start (upstream) {
  const bin = process.env.HEIMDALL_BIN
  if (!bin) throw new Error('HEIMDALL_BIN must name the headless program (make test-sdk sets it)')
  const dir = await mkdtemp(path.join(os.tmpdir(), 'heimdall-sdk-'))
  const provider = version => ({ keys: [{ name: 'main', value: 'env.SDKTEST_KEY', models: ['*'], weight: 1 }], network_config: { base_url: upstream + version } })
  await writeFile(path.join(dir, 'config.json'), JSON.stringify({ version: 2, providers: { openai: provider('/v1'), anthropic: provider('') } }))
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
