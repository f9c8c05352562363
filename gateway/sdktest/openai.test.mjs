import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI from 'openai'
import { start as startGateway, until } from './gateway.mjs'
import { answer, start as startUpstream } from './upstream.mjs'

let upstream, gateway
before(async () => { upstream = await startUpstream(); gateway = await startGateway(upstream.url) })
after(async () => { await gateway?.close(); await upstream?.close() })

const ask = [{ role: 'user', content: 'Hvem der?' }]
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }]

// Each base URL that people set, and each provider behind it: its own, and across to the other dialect.
for (const base of ['/openai', '/openai/v1', '/v1']) {
  for (const model of base === '/v1' ? ['openai/small', 'anthropic/small'] : ['small', 'anthropic/small']) {
    describe(`openai at ${base} with ${model}`, () => {
      const client = () => new OpenAI({ baseURL: gateway.url + base, apiKey: 'dummy', maxRetries: 0 })

      test('answers', async () => {
        const r = await client().chat.completions.create({ model, messages: ask })
        assert.equal(r.choices[0].message.content, answer)
        assert.equal(r.choices[0].finish_reason, 'stop')
        assert.deepEqual([r.usage.prompt_tokens, r.usage.completion_tokens, r.usage.prompt_tokens_details.cached_tokens], [11, 7, 4])
        if (base === '/v1') assert.equal(r.extra_fields.provider, model.split('/')[0])
      })

      test('streams', async () => {
        let text = ''
        let last
        for await (const chunk of await client().chat.completions.create({ model, messages: ask, stream: true, stream_options: { include_usage: true } })) {
          text += chunk.choices[0]?.delta?.content ?? ''
          last = chunk
        }
        assert.equal(text, answer)
        assert.equal(last.usage.total_tokens, 18)
      })

      test('streams without a usage chunk that nobody asked for', async () => {
        for await (const chunk of await client().chat.completions.create({ model, messages: ask, stream: true })) {
          assert.equal(chunk.choices.length, 1)
        }
      })

      test('calls tools, streamed and not', async () => {
        const r = await client().chat.completions.create({ model, messages: ask, tools })
        const call = r.choices[0].message.tool_calls[0]
        assert.equal(call.function.name, 'weather')
        assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' })
        assert.equal(r.choices[0].finish_reason, 'tool_calls')

        const stream = client().chat.completions.stream({ model, messages: ask, tools })
        const final = await stream.finalChatCompletion()
        assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { city: 'Oslo' })

        const done = await client().chat.completions.create({
          model, tools, messages: [...ask, r.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'rain' }]
        })
        assert.equal(done.choices[0].message.content, answer)
      })

      test('gives the provider’s errors with its status', async () => {
        const failing = model.replace('small', 'fail-429')
        await assert.rejects(client().chat.completions.create({ model: failing, messages: ask }), e => {
          assert.ok(e instanceof OpenAI.RateLimitError)
          assert.match(e.message, /upstream says 429/)
          return true
        })
        await assert.rejects(client().chat.completions.create({ model: failing.replace('429', '500'), messages: ask, stream: true }), OpenAI.InternalServerError)
      })
    })
  }
}

test('unknown fields pass through untouched where the dialects match', async () => {
  const client = new OpenAI({ baseURL: gateway.url + '/openai', apiKey: 'dummy', maxRetries: 0 })
  const r = await client.chat.completions.create({ model: 'small', messages: ask, brand_new_knob: { a: [1, 2] } })
  assert.deepEqual(upstream.requests.at(-1).body.brand_new_knob, { a: [1, 2] })
  assert.deepEqual(r.unknown_field, { kept: true })
  assert.equal(upstream.requests.at(-1).headers.authorization, 'Bearer sk-upstream')
})

test('a client that hangs up frees the upstream, also when that is silent', async () => {
  const client = new OpenAI({ baseURL: gateway.url + '/openai', apiKey: 'dummy', maxRetries: 0 })
  const stream = await client.chat.completions.create({ model: 'silent', messages: ask, stream: true })
  for await (const _ of stream) break
  stream.controller.abort()
  await until(() => upstream.open() === 0, 'the upstream stream to end', 2)
})

test('every request is in the log', async () => {
  const logs = await until(async () => {
    const l = await gateway.api('/api/logs?limit=200')
    return l.pagination.total_count >= upstream.requests.filter(r => r.method === 'POST').length && l
  }, 'the log rows')
  const row = logs.logs.find(r => r.provider === 'anthropic' && r.status === 'success')
  assert.equal(row.dialect, 'chat')
  assert.equal(row.upstream_dialect, 'messages')
  assert.match(row.user_agent, /^OpenAI\/JS/)
})

test('a model without a provider on /v1 is told how to name it', async () => {
  const client = new OpenAI({ baseURL: gateway.url + '/v1', apiKey: 'dummy', maxRetries: 0 })
  await assert.rejects(client.chat.completions.create({ model: 'nowhere', messages: ask }), /provider\/model/)
})
