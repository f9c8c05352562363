// Each agent with the provider whose wire it speaks: the upstream is asked what the agent asked, not a field less.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { agents } from './agents.mjs'
import { seal } from './wires.mjs'
import { clean, played, start, untouched } from './world.mjs'

let world
before(async () => { world = await start() })
after(() => world?.close())

const last = run => run.got.at(-1)
const count = (value, word) => JSON.stringify(value).split(word).length - 1
const seals = value => count(value, seal)

test('claude-code on anthropic', async () => {
  const run = await world.play(agents.claude, 'claude-sonnet-4-5')
  played(run, { wire: 'messages', provider: 'anthropic', model: 'claude-sonnet-4-5' })
  untouched(run, ['anthropic-beta', 'anthropic-version'])
  const { body, query, headers } = last(run)
  assert.equal(query.get('beta'), 'true')
  assert.ok(headers['anthropic-beta'].split(',').length > 3, headers['anthropic-beta'])
  assert.equal(headers['x-api-key'], 'sk-upstream')
  for (const field of ['metadata', 'thinking', 'context_management']) assert.ok(body[field], field)
  assert.ok(count(body.system, '"cache_control"') > 0 && count(body.messages, '"cache_control"') > 0)
  assert.equal(seals(body.messages), 1, 'the signature of a thought comes back')
})

test('claude-code on bedrock', async () => {
  const run = await world.play(agents.claudeOnBedrock, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0')
  played(run, { wire: 'invoke', provider: 'bedrock', refused: ['GET /bedrock/inference-profiles 404'] })
  untouched(run)
  const { body, path, headers } = last(run)
  assert.equal(path, '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream')
  assert.equal(headers.authorization, 'Bearer sk-upstream')
  assert.ok(body.anthropic_beta.length > 1)
  assert.equal(seals(body.messages), 1, 'the signature of a thought comes back')
})

test('claude-code counts the tokens of its context', async () => {
  const run = await world.play(agents.claudeContext, 'claude-sonnet-4-5')
  clean(run)
  const counts = run.got.filter(r => r.path === '/v1/messages/count_tokens')
  assert.ok(counts.length > 5)
  for (const { query } of counts) assert.equal(query.get('beta'), 'true')
})

for (const model of ['gpt-5.2', 'gpt-5.5', 'gpt-5.6-sol']) {
  test(`codex on openai, ${model}`, async () => {
    const run = await world.play(agents.codex, model)
    played(run, { wire: 'responses', provider: 'openai', model })
    untouched(run)
    const { body, headers } = last(run)
    assert.equal(headers.authorization, 'Bearer sk-upstream')
    assert.equal(body.store, false)
    assert.deepEqual(body.include, ['reasoning.encrypted_content'])
    assert.ok(body.prompt_cache_key && body.client_metadata && body.reasoning)
    assert.equal(seals(body.input), last(run).read.results.length, 'sealed reasoning comes back')
    const types = [...(body.tools ?? []), ...body.input].map(t => t.type)
    for (const type of { 'gpt-5.2': ['namespace', 'web_search'], 'gpt-5.5': ['custom', 'tool_search', 'web_search'], 'gpt-5.6-sol': ['additional_tools', 'custom_tool_call'] }[model]) assert.ok(types.includes(type), types.join())
  })
}

test('codex with its built-in provider, whose websocket is refused', async () => {
  const run = await world.play(agents.codexBuiltIn, 'gpt-5.5')
  played(run, { wire: 'responses', provider: 'openai', model: 'gpt-5.5', refused: ['GET /openai/v1/responses 426'] })
  untouched(run)
  assert.equal(run.sent[0].headers.upgrade, 'websocket')
  assert.equal(run.sent.filter(r => r.status === 426).length, 1, 'one try')
})

test('gemini-cli on gemini', async () => {
  const run = await world.play(agents.gemini, 'gemini-2.5-flash')
  played(run, { wire: 'generate', provider: 'gemini', model: 'gemini-2.5-flash' })
  untouched(run)
  const { body, query, headers, path } = last(run)
  assert.equal(path, '/v1beta/models/gemini-2.5-flash:streamGenerateContent')
  assert.equal(query.get('alt'), 'sse')
  assert.equal(headers['x-goog-api-key'], 'sk-upstream')
  assert.ok(body.generationConfig.thinkingConfig)
  assert.ok(body.tools[0].functionDeclarations[0].parametersJsonSchema)
  assert.equal(seals(body.contents), 1, 'the signature of a thought comes back')
})

test('gemini-cli on gemini, asking first which model to take', async () => {
  const run = await world.play(agents.gemini)
  played(run, { wire: 'generate', provider: 'gemini' })
  untouched(run)
  assert.match(run.got[0].path, /flash-lite:generateContent$/)
  assert.ok(run.got[0].body.generationConfig.responseJsonSchema)
  assert.ok(last(run).path.endsWith(':streamGenerateContent'))
})

test('qwen-code on openai', async () => {
  const run = await world.play(agents.qwen, 'gpt-5')
  played(run, { wire: 'chat', provider: 'openai', model: 'gpt-5' })
  untouched(run)
  assert.equal(last(run).body.stream_options.include_usage, true)
  const chunks = run.sent.at(-1).answer.text.split('\n\n')
  assert.ok(chunks.some(c => c.includes('"choices":[]') && c.includes('"usage"')), 'the usage chunk reaches the agent')
  assert.ok(chunks.some(c => c === 'data: [DONE]'))
})

for (const [agent, wire, provider, model] of [
  ['opencode', 'chat', 'openai', 'gpt-5'],
  ['opencodeResponses', 'responses', 'openai', 'gpt-5'],
  ['opencodeMessages', 'messages', 'anthropic', 'claude-sonnet-4-5']
]) {
  test(`opencode on ${provider}, ${wire}`, async () => {
    const run = await world.play(agents[agent], model)
    played(run, { wire, provider, model })
    untouched(run)
  })
}

test('what agents ask without naming a session is one all the same', async () => {
  for (const [agent, model, app] of [[agents.gemini, 'gemini-2.5-flash', 'geminicli-tui'], [agents.qwen, 'qwen3-coder-plus', 'qwencode']]) {
    const run = await world.play(agent, model)
    clean(run)
    assert.ok((await world.session(app, 2)).title, app)
  }
})
