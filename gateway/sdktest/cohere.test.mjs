import { CohereClientV2, CohereError, CohereClient } from 'cohere-ai'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientKey, conversations, model, only, world } from './conversation.mjs'
import { until } from './gateway.mjs'
import { answer } from './upstream.mjs'

const w = world()
const options = base => ({ environment: w.gateway.url + base, token: clientKey, maxRetries: 0 })
const client = (base = '/cohere') => new CohereClientV2(options(base))
const classes = { 400: 'BadRequestError', 401: 'UnauthorizedError', 429: 'TooManyRequestsError', 500: 'InternalServerError', 529: 'CohereError' }
const ask = [{ role: 'user', content: 'Hvem der?' }]

const adapter = {
  cannot: () => ({ 'calls a tool after reasoning, and the signature comes back': 'thinking has no signature on this wire' }),

  begin: ({ system, text, image }) => [
    { role: 'system', content: system },
    { role: 'user', content: image ? [{ type: 'text', text }, { type: 'image_url', imageUrl: { url: 'data:image/png;base64,' + image } }] : text }
  ],

  async send ({ model, stream, tools, schema, think }, messages) {
    const body = {
      model, messages, maxTokens: 4096,
      ...(tools && { tools: tools.map(f => ({ type: 'function', function: f })) }),
      ...(schema && { responseFormat: { type: 'json_object', jsonSchema: schema } }),
      ...(think && { thinking: { type: 'enabled' } })
    }
    if (!stream) {
      const r = await client().chat(body)
      return turnOf(r.message, r.finishReason, r.usage)
    }
    return gather(await client().chatStream(body))
  },

  results: (calls, texts) => calls.map((c, i) => ({ role: 'tool', toolCallId: c.id, content: texts[i] })),

  error (e, status) {
    assert.ok(e instanceof CohereError)
    assert.equal(e.constructor.name, classes[status])
    assert.equal(typeof e.body.message, 'string')
    return { status: e.statusCode, message: e.body.message }
  }
}

function turnOf (message, finish, usage) {
  const content = message.content ?? []
  return {
    text: content.filter(p => p.type === 'text').map(p => p.text).join(''),
    thought: content.filter(p => p.type === 'thinking').map(p => p.thinking).join(''),
    calls: (message.toolCalls ?? []).map(c => ({ id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) })),
    finish: { COMPLETE: 'stop', TOOL_CALL: 'tools' }[finish],
    usage: { input: usage.tokens.inputTokens, cached: usage.cachedTokens, output: usage.tokens.outputTokens },
    said: [message]
  }
}

async function gather (stream) {
  const message = { role: 'assistant' }
  let end
  for await (const e of stream) {
    const delta = e.delta?.message
    if (e.type === 'content-start') (message.content ??= [])[e.index] = { ...delta.content }
    if (e.type === 'content-delta') for (const [name, text] of Object.entries(delta.content)) if (typeof text === 'string') message.content[e.index][name] += text
    if (e.type === 'tool-plan-delta') message.toolPlan = (message.toolPlan ?? '') + delta.toolPlan
    if (e.type === 'tool-call-start') (message.toolCalls ??= [])[e.index] = structuredClone(delta.toolCalls)
    if (e.type === 'tool-call-delta') message.toolCalls[e.index].function.arguments += delta.toolCalls.function.arguments
    if (e.type === 'message-end') end = e.delta
  }
  return turnOf(message, end.finishReason, end.usage)
}

describe('cohere', () => {
  conversations(w, adapter, 'cohere', kind => model('cohere', kind))
  for (const provider of ['openai', 'anthropic', 'gemini', 'bedrock', 'mistral', 'groq']) conversations(w, adapter, provider)
})

test('documents, citation options and unknown fields pass through', async () => {
  const documents = [{ id: 'd1', data: { text: 'Heimdall guards the bridge.' } }]
  const [, got] = await only(w, 'cohere', () => client().chat(
    { model: 'command-small', messages: ask, documents, citationOptions: { mode: 'ACCURATE' }, safetyMode: 'OFF' },
    { bodyProperties: { brand_new: 1 } }))
  assert.deepEqual([got.body.documents, got.body.citation_options, got.body.safety_mode], [documents, { mode: 'ACCURATE' }, 'OFF'])
})

describe('without chat', () => {
  for (const name of ['embed-small', 'openai/embed-small', 'gemini/embed-small']) {
    test(`embeds with ${name}`, async () => {
      const provider = name.includes('/') ? name.split('/')[0] : 'cohere'
      const [r, got] = await only(w, provider, () => client().embed({ model: name, texts: ['a', 'b'], inputType: 'search_document', embeddingTypes: ['float'] }))
      assert.deepEqual(r.embeddings.float, [[0.5, -0.25, 0.125], [0.5, -0.25, 0.125]])
      assert.deepEqual(got.inputs, ['a', 'b'])
    })
  }

  test('reranks', async () => {
    const [r, got] = await only(w, 'cohere', () => client().rerank({ model: 'rerank-small', query: 'who', documents: ['a', 'b', 'c'], topN: 2 }))
    assert.deepEqual(r.results.map(x => [x.index, x.relevanceScore]), [[2, 0.5], [1, 0.25]])
    assert.deepEqual(got.body.documents, ['a', 'b', 'c'])
  })

  test('reranks at /v1, where documents may be objects', async () => {
    const documents = [{ text: 'a', id: 'one' }, { text: 'b', id: 'two' }]
    const body = JSON.stringify({ model: 'cohere/rerank-small', query: 'who', documents, return_documents: true })
    const [r, got] = await only(w, 'cohere', async () => (await fetch(w.gateway.url + '/v1/rerank', { method: 'POST', body })).json())
    assert.deepEqual(r.results.map(x => [x.index, x.relevance_score, x.document?.id]), [[1, 0.25, 'two'], [0, 0, 'one']])
    assert.deepEqual(got.body.documents, ['a', 'b'])
    assert.equal(r.extra_fields.provider, 'cohere')
  })

  test('splits into tokens', async () => {
    const [r] = await only(w, 'cohere', () => new CohereClient(options('/cohere')).tokenize({ model: 'command-small', text: 'Heimdall' }))
    assert.deepEqual(r.tokenStrings, ['Heim', 'dall'])
  })

  test('lists models', async () => {
    const r = await new CohereClient(options('/cohere')).models.list()
    assert.ok(r.models.some(m => m.name.endsWith('command-small')), JSON.stringify(r.models))
  })
})

for (const base of ['/litellm', '/langchain', '/pydanticai']) {
  test(`nested under ${base}/cohere`, async () => {
    const [r] = await only(w, 'cohere', () => client(base + '/cohere').chat({ model: 'command-small', messages: ask }))
    assert.equal(r.message.content[0].text, answer)
  })
}

test('a client that hangs up frees a silent upstream, across dialects too', async () => {
  for (const name of ['command-silent', 'openai/gpt-silent']) {
    const leaving = new AbortController()
    const done = (async () => { for await (const _ of await client().chatStream({ model: name, messages: ask }, { abortSignal: leaving.signal })); })().catch(() => {})
    await until(() => w.upstream.open() === 1, 'the upstream stream to begin', 2)
    leaving.abort()
    await done
    await until(() => w.upstream.open() === 0, 'the upstream stream to end', 2)
  }
})
