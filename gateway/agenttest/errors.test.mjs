// What an upstream says when it refuses is what the agent shows.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { agents } from './agents.mjs'
import { start } from './world.mjs'

let world
before(async () => { world = await start() })
afterEach(() => world.upstream.accept())
after(() => world?.close())

const reason = 'The key of this account ended on Tuesday.'

for (const [name, agent, model] of [
  ['claude-code', agents.claude, 'claude-sonnet-4-5'],
  ['claude-code across', agents.claude, 'openai/gpt-5'],
  ['codex', agents.codex, 'gpt-5.5'],
  ['codex across', agents.codex, 'anthropic/claude-sonnet-4-5']
]) {
  test(`${name} shows why the upstream said 401`, async () => {
    world.upstream.refuse(401, reason)
    const run = await world.play(agent, model)
    assert.notEqual(run.code, 0)
    assert.ok((run.stdout + run.stderr).includes(reason), run.stdout + run.stderr)
    const rows = run.rows.filter(r => r.status === 'error')
    assert.ok(rows.length > 0)
    for (const row of rows) {
      assert.equal(row.status_code, 401)
      assert.equal(row.error_details.message, reason)
    }
  })
}
