import Anthropic from '@anthropic-ai/sdk'
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { start as startGateway, until } from './gateway.mjs'
import { answer, start as startUpstream } from './upstream.mjs'

let upstream, gateway
before(async () => { upstream = await startUpstream(); gateway = await startGateway(upstream.url) })
after(async () => { await gateway?.close(); await upstream?.close() })

const ask = [{ role: 'user', content: 'Hvem der?' }]
const tools = [{ name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } }]

for (const model of ['small', 'openai/small']) {
  describe(`anthropic with ${model}`, () => {
    const client = () => new Anthropic({ baseURL: gateway.url + '/anthropic', apiKey: 'dummy', maxRetries: 0 })
    const text = m => m.content.filter(p => p.type === 'text').map(p => p.text).join('')

    test('answers', async () => {
      const r = await client().messages.create({ model, max_tokens: 100, messages: ask })
      assert.equal(text(r), answer)
      assert.equal(r.stop_reason, 'end_turn')
      assert.deepEqual([r.usage.input_tokens, r.usage.cache_read_input_tokens, r.usage.output_tokens], [7, 4, 7])
      assert.equal(r.extra_fields, undefined)
    })

    test('streams', async () => {
      const final = await client().messages.stream({ model, max_tokens: 100, messages: ask }).finalMessage()
      assert.equal(text(final), answer)
      assert.equal(final.usage.output_tokens, 7)
      assert.equal(final.stop_reason, 'end_turn')
    })

    test('calls tools, streamed and not', async () => {
      const r = await client().messages.create({ model, max_tokens: 100, messages: ask, tools })
      const call = r.content.find(p => p.type === 'tool_use')
      assert.deepEqual([call.name, call.input], ['weather', { city: 'Oslo' }])
      assert.equal(r.stop_reason, 'tool_use')

      const final = await client().messages.stream({ model, max_tokens: 100, messages: ask, tools }).finalMessage()
      assert.deepEqual(final.content.find(p => p.type === 'tool_use').input, { city: 'Oslo' })

      const done = await client().messages.create({
        model, max_tokens: 100, tools, messages: [...ask, { role: 'assistant', content: r.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] }]
      })
      assert.equal(text(done), answer)
    })

    test('gives the provider’s errors with its status, in its own shape', async () => {
      await assert.rejects(client().messages.create({ model: model.replace('small', 'fail-429'), max_tokens: 10, messages: ask }), e => {
        assert.ok(e instanceof Anthropic.RateLimitError)
        assert.equal(e.error.error.type, 'rate_limit_error')
        assert.match(e.message, /upstream says 429/)
        return true
      })
    })
  })
}

test('version and beta headers, cache_control and unknown fields reach the provider as they are', async () => {
  const client = new Anthropic({ baseURL: gateway.url + '/anthropic', apiKey: 'dummy', maxRetries: 0 })
  const system = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }]
  await client.messages.create(
    { model: 'small', max_tokens: 10, messages: ask, system, context_management: { edits: [] } },
    { headers: { 'anthropic-beta': 'one-2026-01-01,two-2026-02-02' } })
  const got = upstream.requests.at(-1)
  assert.equal(got.headers['anthropic-beta'], 'one-2026-01-01,two-2026-02-02')
  assert.match(got.headers['anthropic-version'], /^20\d\d-/)
  assert.equal(got.headers['x-api-key'], 'sk-upstream')
  assert.equal(got.headers.authorization, undefined)
  assert.deepEqual(got.body.system, system)
  assert.deepEqual(got.body.context_management, { edits: [] })
})

test('a client that hangs up frees a silent upstream, across dialects too', async () => {
  const client = new Anthropic({ baseURL: gateway.url + '/anthropic', apiKey: 'dummy', maxRetries: 0 })
  for (const model of ['silent', 'openai/silent']) {
    const stream = client.messages.stream({ model, max_tokens: 10, messages: ask })
    stream.done().catch(() => {}) // the abort
    await until(() => upstream.open() === 1, 'the upstream stream to begin', 2)
    stream.abort()
    await until(() => upstream.open() === 0, 'the upstream stream to end', 2)
  }
})
