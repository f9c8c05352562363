// Each agent with a provider that speaks another wire: it neither sees nor suffers a difference.
import { after, before, test } from 'node:test'
import { agents } from './agents.mjs'
import { carried, played, start } from './world.mjs'

let world
before(async () => { world = await start() })
after(() => world?.close())

const runs = [
  { name: 'claude-code', agent: agents.claude, provider: 'openai', model: 'gpt-5', wire: 'chat' },
  { name: 'codex', agent: agents.codex, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages' },
  { name: 'gemini-cli', agent: agents.gemini, provider: 'openai', model: 'gpt-5', wire: 'chat' },
  { name: 'opencode', agent: agents.opencode, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages' },
  { name: 'qwen-code', agent: agents.qwen, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages' }
]

for (const r of runs) {
  test(`${r.name} on ${r.provider}`, async () => {
    const run = await world.play(r.agent, `${r.provider}/${r.model}`)
    played(run, r)
    carried(run)
  })
}
