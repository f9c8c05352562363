// Each agent with a provider that speaks another wire: it neither sees nor suffers a difference.
import { after, before, test } from 'node:test'
import { agents } from './agents.mjs'
import { carried, played, start } from './world.mjs'

let world
before(async () => { world = await start() })
after(() => world?.close())

const runs = [
  { name: 'claude-code', agent: agents.claude, provider: 'openai', model: 'gpt-5', wire: 'chat', lost: ['context_management'] },
  { name: 'claude-code', agent: agents.claude, provider: 'gemini', model: 'gemini-3-pro', wire: 'generate', sealed: true, lost: ['context_management'] },
  { name: 'claude-code', agent: agents.claude, provider: 'bedrock', model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', wire: 'invoke', sealed: true },
  { name: 'codex', agent: agents.codex, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages', sealed: true, lost: ['prompt_cache_key'] },
  { name: 'codex', agent: agents.codex, provider: 'gemini', model: 'gemini-3-pro', wire: 'generate', sealed: true },
  { name: 'codex', agent: agents.codex, provider: 'cerebras', model: 'gpt-oss-120b', wire: 'chat' },
  { name: 'gemini-cli', agent: agents.gemini, provider: 'openai', model: 'gpt-4.1', wire: 'chat' },
  { name: 'gemini-cli', agent: agents.gemini, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages' },
  { name: 'opencode', agent: agents.opencode, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages' },
  { name: 'qwen-code', agent: agents.qwen, provider: 'anthropic', model: 'claude-sonnet-4-5', wire: 'messages' }
]

for (const r of runs) {
  test(`${r.name} on ${r.provider}`, async () => {
    const run = await world.play(r.agent, `${r.provider}/${r.model}`)
    played(run, r)
    carried(run, r)
  })
}
