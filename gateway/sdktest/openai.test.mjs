import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import OpenAI, { AzureOpenAI } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { adapter } from './adapter.chat.mjs'
import { clientKey, conversations, model, only, world } from './conversation.mjs'
import { until } from './gateway.mjs'
import { answer } from './upstream.mjs'

const w = world()
const client = (base = '/openai/v1') => new OpenAI({ baseURL: w.gateway.url + base, apiKey: clientKey, maxRetries: 0 })
const classes = { 400: 'BadRequestError', 401: 'AuthenticationError', 429: 'RateLimitError', 500: 'InternalServerError', 529: 'InternalServerError' }
const ask = [{ role: 'user', content: 'Hvem der?' }]
const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }]

describe('openai at /openai/v1', () => {
  // OpenAI signs what was reasoned in its responses only.
  conversations(w, adapter(client, classes), 'openai', kind => model('openai', kind))
  for (const provider of ['anthropic', 'gemini', 'bedrock', 'cohere', 'mistral', 'groq', 'openrouter', 'azure']) conversations(w, adapter(client, classes), provider)
})

// Each other base URL that people set: one answer, whole and streamed, from its own provider and from another.
for (const base of ['/openai', '/v1', '/litellm', '/litellm/v1', '/langchain', '/langchain/v1', '/pydanticai', '/pydanticai/v1']) {
  describe(`openai at ${base}`, () => {
    for (const name of ['openai/small', 'anthropic/small']) {
      const provider = name.split('/')[0]
      test(`answers with ${name}`, async () => {
        const [r] = await only(w, provider, () => client(base).chat.completions.create({ model: name, messages: ask }))
        assert.equal(r.choices[0].message.content, answer)
        assert.deepEqual([r.usage.prompt_tokens, r.usage.completion_tokens, r.usage.prompt_tokens_details.cached_tokens], [11, 7, 4])
        if (base === '/v1') assert.equal(r.extra_fields.provider, provider)
      })

      test(`streams with ${name}, and no usage chunk that nobody asked for`, async () => {
        let text = ''
        await only(w, provider, async () => {
          for await (const chunk of await client(base).chat.completions.create({ model: name, messages: ask, stream: true })) {
            assert.equal(chunk.choices.length, 1)
            text += chunk.choices[0].delta.content ?? ''
          }
        })
        assert.equal(text, answer)
      })
    }
  })
}

describe('AzureOpenAI at /openai', () => {
  const azure = deployment => new AzureOpenAI({ endpoint: w.gateway.url + '/openai', apiKey: clientKey, apiVersion: '2025-04-01-preview', deployment, maxRetries: 0 })

  test('a deployment is one of azure', async () => {
    const [r] = await only(w, 'azure', () => azure('gpt-small').chat.completions.create({ model: 'gpt-small', messages: ask }))
    assert.equal(r.choices[0].message.content, answer)
  })

  test('the deployment may be the model, streamed too', async () => {
    const [final] = await only(w, 'azure', () => azure().chat.completions.stream({ model: 'gpt-small', messages: ask }).finalChatCompletion())
    assert.equal(final.choices[0].message.content, answer)
  })

  test('a deployment may name another provider', async () => {
    const [r] = await only(w, 'anthropic', () => azure('anthropic/claude-small').chat.completions.create({ model: 'x', messages: ask }))
    assert.equal(r.choices[0].message.content, answer)
  })

  test('embeds', async () => {
    const [r] = await only(w, 'azure', () => azure('embed-small').embeddings.create({ model: 'x', input: ['a', 'b'] }))
    assert.deepEqual(r.data.map(d => d.embedding), [[0.5, -0.25, 0.125], [0.5, -0.25, 0.125]])
  })

  test('its errors have its class', async () => {
    await assert.rejects(azure('fail-429').chat.completions.create({ model: 'x', messages: ask }), e => e instanceof OpenAI.RateLimitError && /upstream says 429/.test(e.message))
  })
})

describe('what passes through', () => {
  test('unknown fields, both ways, and nothing is added to the body', async () => {
    const body = {
      model: 'gpt-small', messages: [...ask, { role: 'assistant', content: 'x', brand_new: 1 }, ...ask],
      brand_new_knob: { a: [1, 2] }, metadata: { a: 'b' }, seed: 7, service_tier: 'flex', prompt_cache_key: 'k'
    }
    const [r, got] = await only(w, 'openai', () => client().chat.completions.create(body))
    assert.deepEqual(got.body, body)
    assert.deepEqual(r.unknown_field, { kept: true })
    assert.equal(r.extra_fields, undefined)
  })

  test('header fields of the client’s provider', async () => {
    const [, got] = await only(w, 'openai', () => client().chat.completions.create({ model: 'gpt-small', messages: ask }, { headers: { 'OpenAI-Beta': 'new-2026-02-06', 'Idempotency-Key': 'i-1' } }))
    assert.equal(got.headers['openai-beta'], 'new-2026-02-06')
  })

  test('what another provider cannot be told is said, not dropped in silence', async () => {
    const body = { model: 'anthropic/claude-small', messages: ask, logit_bias: { 42: 1 }, brand_new_knob: 1 }
    const { response } = await client().chat.completions.create(body).withResponse()
    for (const field of ['logit_bias', 'brand_new_knob']) assert.match(response.headers.get('x-heimdall-warnings') ?? '', new RegExp(field))
    const r = await client('/v1').chat.completions.create(body)
    for (const field of ['logit_bias', 'brand_new_knob']) assert.match(JSON.stringify(r.extra_fields.warnings), new RegExp(field))
  })

  test('what is the gateway’s own stays there', async () => {
    const headers = { 'x-bf-dim-team': 'core', cookie: 'heimdall=' + clientKey, 'x-forwarded-for': '10.1.2.3' }
    const [, got] = await only(w, 'openai', () => client().chat.completions.create({ model: 'gpt-small', messages: ask, fallbacks: ['anthropic/claude-small'] }, { headers }))
    assert.deepEqual(got.body, { model: 'gpt-small', messages: ask })
    for (const name of Object.keys(headers)) assert.equal(got.headers[name], undefined, name)
  })

  test('the SDK’s own helpers for schemas, across too', async () => {
    const format = zodResponseFormat(z.object({ city: z.string() }), 'city')
    for (const name of ['gpt-small', 'anthropic/claude-small', 'gemini/gemini-small']) {
      const r = await client().chat.completions.parse({ model: name, messages: ask, response_format: format })
      assert.deepEqual(r.choices[0].message.parsed, { city: 'Oslo' })
    }
  })

  test('tools of kinds that nobody knows yet', async () => {
    const odd = [...tools, { type: 'custom', custom: { name: 'shell' } }, { type: 'from_2027', anything: true }]
    const [, got] = await only(w, 'openai', () => client().chat.completions.create({ model: 'gpt-small', messages: ask, tools: odd }))
    assert.deepEqual(got.body.tools, odd)
  })
})

describe('without chat', () => {
  for (const provider of ['openai', 'gemini', 'cohere', 'mistral']) {
    const name = provider + '/embed-small'
    for (const encoding_format of [undefined, 'float']) {
      test(`embeds with ${name}, ${encoding_format ?? 'as the SDK asks by itself: packed'}`, async () => {
        const [r, got] = await only(w, provider, () => client().embeddings.create({ model: name, input: ['a', 'b'], encoding_format }))
        assert.deepEqual(r.data.map(d => [d.index, d.embedding]), [[0, [0.5, -0.25, 0.125]], [1, [0.5, -0.25, 0.125]]])
        assert.deepEqual(got.inputs, ['a', 'b'])
      })
    }
  }

  test('lists models', async () => {
    const ids = []
    for await (const m of client().models.list()) ids.push(m.id)
    assert.ok(ids.includes('small') || ids.includes('openai/small'), ids.join())
    const all = []
    for await (const m of client('/v1').models.list()) all.push(m.id)
    for (const id of ['openai/small', 'anthropic/claude-small', 'gemini/gemini-small', 'groq/large']) assert.ok(all.includes(id), `${id} in ${all}`)
  })

  for (const name of ['gpt-small', 'anthropic/claude-small']) {
    test(`old completions with ${name}, streamed and not`, async () => {
      const r = await client().completions.create({ model: name, prompt: 'Hvem der?', max_tokens: 50 })
      assert.equal(r.choices[0].text, answer)
      assert.equal(r.object, 'text_completion')
      let text = ''
      for await (const chunk of await client().completions.create({ model: name, prompt: 'Hvem der?', max_tokens: 50, stream: true })) text += chunk.choices[0]?.text ?? ''
      assert.equal(text, answer)
    })
  }
})

describe('what goes wrong', () => {
  test('a client that hangs up frees the upstream, also when that is silent', async () => {
    for (const name of ['gpt-silent', 'anthropic/claude-silent', 'gemini/gemini-silent', 'bedrock/anthropic.claude-silent']) {
      const stream = await client().chat.completions.create({ model: name, messages: ask, stream: true })
      for await (const _ of stream) break
      stream.controller.abort()
      await until(() => w.upstream.open() === 0, `the upstream stream of ${name} to end`, 2)
    }
  })

  test('a model without a provider on /v1 is told how to name it', async () => {
    await assert.rejects(client('/v1').chat.completions.create({ model: 'nowhere', messages: ask }), /provider\/model/)
  })

  test('every request is in the log', async () => {
    await client().chat.completions.create({ model: 'anthropic/claude-logged', messages: ask })
    const logs = await until(async () => {
      const l = await w.gateway.api('/api/logs?limit=500')
      return l.logs.some(r => r.model === 'claude-logged') && l
    }, 'the log row')
    const row = logs.logs.find(r => r.model === 'claude-logged')
    assert.deepEqual([row.provider, row.status, row.dialect, row.upstream_dialect], ['anthropic', 'success', 'chat', 'messages'])
    assert.match(row.user_agent, /^OpenAI\/JS/)
  })
})
