// Starts the headless program in a folder of its own, with every provider pointed at an upstream.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

/** start(upstream URL) → {url, logs(count), close()} */
export async function start (upstream) {
  const foreign = Object.keys(os.networkInterfaces()).filter(name => name !== 'lo')
  if (foreign.length) throw new Error(`agents call home: run these tests with make test-agents, which leaves them no network but loopback (here: ${foreign})`)
  const bin = process.env.HEIMDALL_BIN
  if (!bin) throw new Error('HEIMDALL_BIN must name the headless program (make test-agents sets it)')
  const dir = await mkdtemp(path.join(os.tmpdir(), 'heimdall-agents-'))
  const provider = version => ({ keys: [{ name: 'main', value: 'env.AGENTTEST_KEY', models: ['*'], weight: 1 }], network_config: { base_url: upstream + version } })
  const providers = { openai: provider('/v1'), anthropic: provider(''), gemini: provider('/v1beta'), bedrock: provider(''), cerebras: provider('/v1') }
  providers.bedrock.keys[0].bedrock_key_config = { region: 'us-east-1' }
  await writeFile(path.join(dir, 'config.json'), JSON.stringify({ version: 2, providers }))
  const port = await freePort()
  const child = spawn(bin, ['serve', '--port', String(port), '--app-dir', dir, '--log-level', 'error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, HOME: dir, AGENTTEST_KEY: 'sk-upstream', HEIMDALL_PASSPHRASE: 'agenttest', DBUS_SESSION_BUS_ADDRESS: 'disabled:' }
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  const url = `http://127.0.0.1:${port}`
  await until(async () => child.exitCode === null ? (await fetch(url + '/health').catch(() => null))?.ok : Promise.reject(new Error('the gateway ended')), 'the gateway to answer')
  return {
    url,
    /** logs waits for so many rows and until no request is in flight, and gives the rows, oldest first. */
    logs: count => until(async () => {
      const { logs } = await (await fetch(url + '/api/logs?limit=1000&order=asc')).json()
      return logs.length >= count && logs.every(row => row.status !== 'processing') && logs
    }, `${count} rows of the log`),
    /** session waits for a session of so many requests, or more, of a program, and gives it. */
    session: (app, count) => until(async () => {
      const { sessions } = await (await fetch(`${url}/api/logs/sessions?apps=${app}`)).json()
      return sessions.find(s => s.count >= count)
    }, `a session of ${count} requests of ${app}`),
    close: async () => {
      child.kill('SIGTERM')
      await ended
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** until polls a condition, and fails with what it waited for. */
async function until (condition, what, seconds = 10) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) throw new Error('waited too long for ' + what)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function freePort () {
  const server = net.createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise(resolve => server.close(resolve))
  return port
}
