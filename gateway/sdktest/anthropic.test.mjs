import Anthropic from '@anthropic-ai/sdk'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientKey, conversations, model, only, world } from './conversation.mjs'
import { until } from './gateway.mjs'
import { answer, signature } from './upstream.mjs'

const w = world()
const client = options => new Anthropic({ baseURL: w.gateway.url + '/anthropic', apiKey: clientKey, maxRetries: 0, ...options })
const ask = [{ role: 'user', content: 'Hvem der?' }]

// by status: the SDK's class, and the type that the API gives with that status
const classes = {
  400: [Anthropic.BadRequestError, 'invalid_request_error'],
  401: [Anthropic.AuthenticationError, 'authentication_error'],
  429: [Anthropic.RateLimitError, 'rate_limit_error'],
  500: [Anthropic.InternalServerError, 'api_error'],
  529: [Anthropic.InternalServerError, 'overloaded_error']
}

const adapter = {
  begin: ({ system, text, image }) => [
    { system },
    { role: 'user', content: image ? [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }, { type: 'text', text }] : text }
  ],

  async send ({ model, stream, tools, schema, think }, [{ system }, ...messages]) {
    const body = {
      model, messages, system, max_tokens: 4096,
      ...(tools && { tools: tools.map(t => ({ name: t.name, description: t.description, input_schema: t.parameters })) }),
      ...(schema && { output_config: { format: { type: 'json_schema', schema } } }),
      ...(think && { thinking: { type: 'enabled', budget_tokens: 1024 } })
    }
    const m = stream ? await client().messages.stream(body).finalMessage() : await client().messages.create(body)
    assert.equal(m.extra_fields, undefined)
    return {
      text: textOf(m),
      thought: m.content.filter(p => p.type === 'thinking').map(p => p.thinking).join(''),
      calls: m.content.filter(p => p.type === 'tool_use').map(p => ({ id: p.id, name: p.name, input: p.input })),
      finish: { end_turn: 'stop', tool_use: 'tools' }[m.stop_reason],
      usage: { input: m.usage.input_tokens + m.usage.cache_read_input_tokens, cached: m.usage.cache_read_input_tokens, output: m.usage.output_tokens },
      said: [{ role: 'assistant', content: m.content }]
    }
  },

  results: (calls, texts) => [{ role: 'user', content: calls.map((c, i) => ({ type: 'tool_result', tool_use_id: c.id, content: texts[i] })) }],

  error (e, status) {
    const [type, name] = classes[status]
    assert.ok(e instanceof type, `${e.constructor.name} for ${status}`)
    assert.deepEqual([e.error.type, e.error.error.type], ['error', name])
    if (status === 429) assert.equal(e.headers.get('retry-after'), '7')
    return { status: e.status, message: e.error.error.message }
  }
}

const textOf = m => m.content.filter(p => p.type === 'text').map(p => p.text).join('')

describe('anthropic', () => {
  conversations(w, adapter, 'anthropic', kind => model('anthropic', kind))
  for (const provider of ['openai', 'gemini', 'bedrock', 'cohere', 'mistral', 'groq', 'openrouter']) conversations(w, adapter, provider)
})

describe('what passes through', () => {
  const system = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }]

  test('version and beta headers, cache_control and unknown fields, byte for byte', async () => {
    const body = {
      model: 'claude-small', max_tokens: 10, system, metadata: { user_id: 'u' }, context_management: { edits: [] }, output_config: { effort: 'low' }, thinking: { type: 'adaptive' },
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hvem der?', cache_control: { type: 'ephemeral' } }] }],
      tools: [{ name: 'weather', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' }, eager_input_streaming: true }, { type: 'web_search_20260209', name: 'web_search', max_uses: 2 }]
    }
    const betas = 'one-2026-01-01,two-2026-02-02'
    const [, got] = await only(w, 'anthropic', () => client().messages.create(body, { headers: { 'anthropic-beta': betas } }))
    assert.deepEqual(got.body, body)
    assert.equal(got.headers['anthropic-beta'], betas)
    assert.match(got.headers['anthropic-version'], /^20\d\d-/)
    assert.equal(got.headers.authorization, undefined)
  })

  test('the beta namespace, whole and streamed', async () => {
    const body = { model: 'claude-small', max_tokens: 10, messages: ask, betas: ['three-2026-03-03'], mcp_servers: [] }
    const [r, got] = await only(w, 'anthropic', () => client().beta.messages.create(body))
    assert.equal(textOf(r), answer)
    assert.deepEqual(r.unknown_field, { kept: true })
    assert.match(got.headers['anthropic-beta'], /three-2026-03-03/)
    assert.deepEqual(got.body.mcp_servers, [])
    const [final] = await only(w, 'anthropic', () => client().beta.messages.stream(body).finalMessage())
    assert.equal(textOf(final), answer)
    const [across] = await only(w, 'openai', () => client().beta.messages.create({ ...body, model: 'openai/gpt-small' }))
    assert.equal(textOf(across), answer)
  })

  test('redacted thinking and blocks that nobody knows', async () => {
    const content = [{ type: 'thinking', thinking: 'x', signature }, { type: 'redacted_thinking', data: 'b64' }, { type: 'from_2027', z: 1 }, { type: 'text', text: 'So.' }]
    const [, got] = await only(w, 'anthropic', () => client().messages.create({ model: 'claude-small', max_tokens: 10, messages: [...ask, { role: 'assistant', content }, ...ask] }))
    assert.deepEqual(got.body.messages[1].content, content)
  })

  test('the usual ways to bring a key are all taken, and none of them goes upstream', async () => {
    for (const options of [{ apiKey: clientKey }, { apiKey: null, authToken: clientKey }]) {
      await only(w, 'anthropic', () => client(options).messages.create({ model: 'claude-small', max_tokens: 10, messages: ask }))
    }
  })
})

describe('beside messages', () => {
  test('counts tokens, on another provider too, and for one that cannot', async () => {
    for (const namespace of [c => c.messages, c => c.beta.messages]) {
      const [r, got] = await only(w, 'anthropic', () => namespace(client()).countTokens({ model: 'claude-small', messages: ask, system: 'x' }))
      assert.equal(r.input_tokens, 42)
      assert.ok(got.path.endsWith('/v1/messages/count_tokens'))
    }
    assert.equal((await client().messages.countTokens({ model: 'gemini/gemini-small', messages: ask })).input_tokens, 42)
    const estimated = await client().messages.countTokens({ model: 'groq/llama-small', messages: ask })
    assert.ok(estimated.input_tokens > 0 && estimated.input_tokens < 20, `${estimated.input_tokens}`)
  })

  test('lists models', async () => {
    const ids = []
    for await (const m of client().models.list({ limit: 1000 })) ids.push(m.id)
    assert.ok(ids.some(id => id.endsWith('claude-small')), ids.join())
  })

  test('HEAD, which an agent sends first, is harmless', async () => {
    const before = w.upstream.requests.length
    const r = await fetch(w.gateway.url + '/anthropic/', { method: 'HEAD' })
    assert.ok(r.status < 500, `${r.status}`)
    assert.equal(w.upstream.requests.length, before)
  })
})

describe('nested under other bases', () => {
  for (const base of ['/litellm', '/langchain', '/pydanticai']) {
    test(base + '/anthropic', async () => {
      const [r] = await only(w, 'anthropic', () => client({ baseURL: w.gateway.url + base + '/anthropic' }).messages.create({ model: 'claude-small', max_tokens: 10, messages: ask }))
      assert.equal(textOf(r), answer)
    })
  }
})

test('a client that hangs up frees a silent upstream, across dialects too', async () => {
  for (const name of ['claude-silent', 'openai/gpt-silent', 'gemini/gemini-silent']) {
    const stream = client().messages.stream({ model: name, max_tokens: 10, messages: ask })
    stream.done().catch(() => {}) // the abort
    await until(() => w.upstream.open() === 1, 'the upstream stream to begin', 2)
    stream.abort()
    await until(() => w.upstream.open() === 0, 'the upstream stream to end', 2)
  }
})
