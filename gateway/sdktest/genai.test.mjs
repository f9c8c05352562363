import { ApiError, GoogleGenAI } from '@google/genai'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientKey, conversations, model, only, pixel, weather, world } from './conversation.mjs'
import { until } from './gateway.mjs'
import { answer, signature } from './upstream.mjs'

const w = world()
const client = (base = '/genai') => new GoogleGenAI({ apiKey: clientKey, httpOptions: { baseUrl: w.gateway.url + base } })
const ask = [{ role: 'user', parts: [{ text: 'Hvem der?' }] }]

const names = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL' }

const adapter = {
  begin: ({ system, text, image }) => [
    { system },
    { role: 'user', parts: [...(image ? [{ inlineData: { mimeType: 'image/png', data: image } }] : []), { text }] }
  ],

  async send ({ model, stream, tools, schema, think }, [{ system }, ...contents]) {
    const config = {
      systemInstruction: system, maxOutputTokens: 4096,
      ...(tools && { tools: [{ functionDeclarations: tools.map(t => ({ name: t.name, description: t.description, parametersJsonSchema: t.parameters })) }] }),
      ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema }),
      ...(think && { thinkingConfig: { includeThoughts: true } })
    }
    const { models } = client()
    if (!stream) return turnOf(await models.generateContent({ model, contents, config }))
    const parts = []
    let last
    for await (const chunk of await models.generateContentStream({ model, contents, config })) {
      parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []))
      last = { ...last, ...chunk, candidates: chunk.candidates?.[0]?.finishReason ? chunk.candidates : last?.candidates }
    }
    return turnOf({ ...last, candidates: [{ ...last.candidates[0], content: { role: 'model', parts } }] })
  },

  results: (calls, texts) => [{ role: 'user', parts: calls.map((c, i) => ({ functionResponse: { ...(c.id && { id: c.id }), name: c.name, response: { output: texts[i] } } })) }],

  error (e, status) {
    assert.ok(e instanceof ApiError, e.constructor.name)
    const { error } = JSON.parse(e.message)
    assert.equal(error.code, status)
    if (names[status]) assert.equal(error.status, names[status])
    return { status: e.status, message: error.message }
  }
}

function turnOf (r) {
  const { content, finishReason } = r.candidates[0]
  const calls = content.parts.filter(p => p.functionCall).map(p => ({ id: p.functionCall.id, name: p.functionCall.name, input: p.functionCall.args }))
  const usage = r.usageMetadata
  return {
    text: content.parts.filter(p => p.text && !p.thought).map(p => p.text).join(''),
    thought: content.parts.filter(p => p.text && p.thought).map(p => p.text).join(''),
    calls,
    finish: finishReason === 'STOP' ? (calls.length ? 'tools' : 'stop') : finishReason,
    usage: { input: usage.promptTokenCount, cached: usage.cachedContentTokenCount, output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0) },
    said: [content]
  }
}

describe('genai', () => {
  conversations(w, adapter, 'gemini', kind => model('gemini', kind))
  for (const provider of ['openai', 'anthropic', 'bedrock', 'cohere', 'mistral', 'groq', 'openrouter']) conversations(w, adapter, provider)
})

describe('what passes through', () => {
  test('unknown fields both ways, tools of kinds that nobody knows, and the SDK’s headers', async () => {
    const extraBody = { brandNew: { a: 1 }, tools: [{ googleSearch: {} }, { from2027: {} }], generationConfig: { knob: 2 } }
    const [r, got] = await only(w, 'gemini', () => client().models.generateContent({ model: 'gemini-small', contents: ask, config: { httpOptions: { extraBody } } }))
    assert.deepEqual([got.body.brandNew, got.body.tools, got.body.generationConfig.knob], [extraBody.brandNew, extraBody.tools, 2])
    assert.match(got.headers['x-goog-api-client'] ?? '', /google-genai-sdk/)
    assert.equal(r.text, answer)
  })

  test('the path, and alt=sse', async () => {
    const [, whole] = await only(w, 'gemini', () => client().models.generateContent({ model: 'gemini-small', contents: ask }))
    assert.equal(whole.path, '/gemini/v1beta/models/gemini-small:generateContent')
    const [, streamed] = await only(w, 'gemini', async () => { for await (const _ of await client().models.generateContentStream({ model: 'gemini-small', contents: ask })); })
    assert.equal(streamed.url, '/gemini/v1beta/models/gemini-small:streamGenerateContent?alt=sse')
  })

  test('a chat of the SDK sends signatures back by itself', async () => {
    const chat = client().chats.create({ model: 'gemini-thinking', config: { tools: [{ functionDeclarations: [{ name: weather.name, parametersJsonSchema: weather.parameters }] }] } })
    const first = await chat.sendMessage({ message: 'Hvem der?' })
    assert.equal(first.functionCalls[0].name, 'weather')
    const [done, got] = await only(w, 'gemini', () => chat.sendMessage({ message: [{ functionResponse: { name: 'weather', response: { output: 'rain' } } }] }))
    assert.equal(done.text, answer)
    assert.equal(got.body.contents[1].parts.find(p => p.functionCall).thoughtSignature, signature)
  })

  test('inline media next to text keeps its place', async () => {
    const parts = [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: pixel } }, { text: 'b' }]
    const [, got] = await only(w, 'gemini', () => client().models.generateContent({ model: 'gemini-small', contents: [{ role: 'user', parts }] }))
    assert.deepEqual(got.body.contents[0].parts, parts)
  })
})

describe('beside generateContent', () => {
  for (const name of ['embed-small', 'openai/embed-small', 'cohere/embed-small']) {
    test(`embeds with ${name}`, async () => {
      const provider = name.includes('/') ? name.split('/')[0] : 'gemini'
      for (const contents of [['a', 'b'], 'a']) {
        const [r, got] = await only(w, provider, () => client().models.embedContent({ model: name, contents }))
        assert.deepEqual(r.embeddings.map(e => e.values), [].concat(contents).map(() => [0.5, -0.25, 0.125]))
        assert.deepEqual(got.inputs, [].concat(contents))
      }
    })
  }

  test('counts tokens, on another provider too', async () => {
    for (const name of ['gemini-small', 'anthropic/claude-small', 'openai/gpt-small']) {
      assert.equal((await client().models.countTokens({ model: name, contents: ask })).totalTokens, 42)
    }
  })

  test('lists models', async () => {
    const ids = []
    for await (const m of await client().models.list()) ids.push(m.name)
    assert.ok(ids.some(id => id.endsWith('gemini-small')), ids.join())
  })
})

for (const base of ['/litellm', '/langchain', '/pydanticai']) {
  test(`nested under ${base}/genai`, async () => {
    const [r] = await only(w, 'gemini', () => client(base + '/genai').models.generateContent({ model: 'gemini-small', contents: ask }))
    assert.equal(r.text, answer)
  })
}

test('a client that hangs up frees a silent upstream, across dialects too', async () => {
  for (const name of ['gemini-silent', 'anthropic/claude-silent']) {
    const leaving = new AbortController()
    const done = (async () => { for await (const _ of await client().models.generateContentStream({ model: name, contents: ask, config: { abortSignal: leaving.signal } })); })().catch(() => {})
    await until(() => w.upstream.open() === 1, 'the upstream stream to begin', 2)
    leaving.abort()
    await done
    await until(() => w.upstream.open() === 0, 'the upstream stream to end', 2)
  }
})
