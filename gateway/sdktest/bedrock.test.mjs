import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, CountTokensCommand, InvokeModelCommand, InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { clientKey, conversations, model, only, world } from './conversation.mjs'
import { until } from './gateway.mjs'
import { answer } from './upstream.mjs'

const w = world()
const credentials = { accessKeyId: 'AKIACLIENT', secretAccessKey: clientKey }

// The SDK as it comes: its default handler speaks HTTP/2 to http:// addresses too, by prior knowledge.
const clients = []
const client = (base = '/bedrock', auth = { credentials }) => {
  const c = new BedrockRuntimeClient({ endpoint: w.gateway.url + base, region: 'us-east-1', maxAttempts: 1, ...auth })
  clients.push(c)
  return c
}
const own = kind => model('bedrock', kind)
const ask = [{ role: 'user', content: [{ text: 'Hvem der?' }] }]
const names = { 400: 'ValidationException', 429: 'ThrottlingException', 500: 'InternalServerException' }

const adapter = {
  begin: ({ system, text, image }) => [
    { system },
    { role: 'user', content: [...(image ? [{ image: { format: 'png', source: { bytes: Buffer.from(image, 'base64') } } }] : []), { text }] }
  ],

  async send ({ model, stream, tools, schema, think }, [{ system }, ...messages]) {
    const input = {
      modelId: model, messages, system: [{ text: system }], inferenceConfig: { maxTokens: 4096 },
      ...(tools && { toolConfig: { tools: tools.map(t => ({ toolSpec: { name: t.name, description: t.description, inputSchema: { json: t.parameters } } })) } }),
      ...(schema && { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'city', schema: JSON.stringify(schema) } } } } }),
      ...(think && { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } })
    }
    const c = client()
    try {
      if (!stream) {
        const r = await c.send(new ConverseCommand(input))
        return turnOf(r.output.message, r.stopReason, r.usage)
      }
      return await gather((await c.send(new ConverseStreamCommand(input))).stream)
    } finally {
      c.destroy()
    }
  },

  results: (calls, texts) => [{ role: 'user', content: calls.map((c, i) => ({ toolResult: { toolUseId: c.id, content: [{ text: texts[i] }], status: 'success' } })) }],

  error (e, status) {
    if (names[status]) assert.equal(e.name, names[status])
    return { status: e.$metadata.httpStatusCode, message: e.message }
  }
}

function turnOf (message, stop, usage) {
  return {
    text: message.content.map(p => p.text ?? '').join(''),
    thought: message.content.map(p => p.reasoningContent?.reasoningText?.text ?? '').join(''),
    calls: message.content.filter(p => p.toolUse).map(({ toolUse: t }) => ({ id: t.toolUseId, name: t.name, input: t.input })),
    finish: { end_turn: 'stop', tool_use: 'tools' }[stop],
    usage: { input: usage.inputTokens + (usage.cacheReadInputTokens ?? 0), cached: usage.cacheReadInputTokens, output: usage.outputTokens },
    said: [message]
  }
}

async function gather (stream) {
  const content = []
  let role, stop, usage
  for await (const e of stream) {
    role = e.messageStart?.role ?? role
    stop = e.messageStop?.stopReason ?? stop
    usage = e.metadata?.usage ?? usage
    if (e.contentBlockStart) content[e.contentBlockStart.contentBlockIndex] = { toolUse: { ...e.contentBlockStart.start.toolUse, input: '' } }
    const { contentBlockIndex: at, delta } = e.contentBlockDelta ?? {}
    if (delta?.text !== undefined) (content[at] ??= { text: '' }).text += delta.text
    if (delta?.toolUse) content[at].toolUse.input += delta.toolUse.input
    if (delta?.reasoningContent?.redactedContent) content[at] = delta
    else if (delta?.reasoningContent) {
      const known = (content[at] ??= { reasoningContent: { reasoningText: { text: '' } } }).reasoningContent.reasoningText
      if (delta.reasoningContent.text) known.text += delta.reasoningContent.text
      if (delta.reasoningContent.signature) known.signature = delta.reasoningContent.signature
    }
  }
  for (const p of content) if (p.toolUse) p.toolUse.input = JSON.parse(p.toolUse.input)
  return turnOf({ role, content }, stop, usage)
}

describe('bedrock converse', () => {
  conversations(w, adapter, 'bedrock', own)
  for (const provider of ['anthropic', 'openai', 'gemini', 'cohere', 'mistral', 'groq', 'openrouter']) conversations(w, adapter, provider)
})

describe('the client’s side of it', () => {
  test('the model id reaches the provider as it was written, and unknown members of the request too', async () => {
    const input = { modelId: own('small'), messages: ask, additionalModelRequestFields: { top_k: 5, brand_new: [1] }, performanceConfig: { latency: 'optimized' }, requestMetadata: { a: 'b' } }
    const [, got] = await only(w, 'bedrock', () => client().send(new ConverseCommand(input)))
    assert.equal(got.path, `/bedrock/model/${encodeURIComponent(input.modelId)}/converse`)
    const { modelId, ...rest } = input
    assert.deepEqual(got.body, rest)
  })

  test('a bearer token instead of a signature', async () => {
    const [r] = await only(w, 'bedrock', () => client('/bedrock', { token: { token: clientKey }, authSchemePreference: ['httpBearerAuth'] }).send(new ConverseCommand({ modelId: own('small'), messages: ask })))
    assert.equal(r.output.message.content[0].text, answer)
  })

  for (const base of ['/litellm', '/langchain', '/pydanticai']) {
    test(`nested under ${base}/bedrock`, async () => {
      const [r] = await only(w, 'bedrock', () => client(base + '/bedrock').send(new ConverseCommand({ modelId: own('small'), messages: ask })))
      assert.equal(r.output.message.content[0].text, answer)
    })
  }

  test('many requests on one connection', async () => {
    const c = client()
    const all = await Promise.all(Array.from({ length: 20 }, () => c.send(new ConverseCommand({ modelId: own('small'), messages: ask }))))
    assert.deepEqual(new Set(all.map(r => r.output.message.content[0].text)), new Set([answer]))
    c.destroy()
  })

  test('counts tokens', async () => {
    const [r] = await only(w, 'bedrock', () => client().send(new CountTokensCommand({ modelId: own('small'), input: { converse: { messages: ask } } })))
    assert.equal(r.inputTokens, 42)
  })

  test('a client that hangs up frees a silent upstream, across dialects too', async () => {
    for (const modelId of [own('silent'), 'anthropic/claude-silent']) {
      const leaving = new AbortController()
      const c = client()
      c.send(new ConverseStreamCommand({ modelId, messages: ask }), { abortSignal: leaving.signal }).then(async r => { for await (const _ of r.stream); }).catch(() => {})
      await until(() => w.upstream.open() === 1, 'the upstream stream to begin', 2)
      leaving.abort()
      c.destroy()
      await until(() => w.upstream.open() === 0, 'the upstream stream to end', 2)
    }
  })
})

describe('bedrock invoke, with the body of the model’s own maker', () => {
  const body = { anthropic_version: 'bedrock-2023-05-31', anthropic_beta: ['one-2026-01-01'], max_tokens: 100, messages: [{ role: 'user', content: 'Hvem der?' }], brand_new: 1 }
  const invoke = (modelId, extra) => new InvokeModelCommand({ modelId, contentType: 'application/json', body: JSON.stringify({ ...body, ...extra }) })

  test('whole', async () => {
    const [r, got] = await only(w, 'bedrock', () => client().send(invoke(own('small'))))
    assert.equal(JSON.parse(Buffer.from(r.body)).content[0].text, answer)
    assert.deepEqual(got.body, body)
  })

  test('streamed', async () => {
    const command = new InvokeModelWithResponseStreamCommand({ modelId: own('small'), contentType: 'application/json', body: JSON.stringify(body) })
    let text = ''
    const [, got] = await only(w, 'bedrock', async () => {
      for await (const e of (await client().send(command)).body) text += JSON.parse(Buffer.from(e.chunk.bytes)).delta?.text ?? ''
    })
    assert.equal(text, answer)
    assert.deepEqual(got.body, body)
  })

  test('across to another provider, whole and streamed', async () => {
    const [r] = await only(w, 'anthropic', () => client().send(invoke('anthropic/claude-small')))
    assert.equal(JSON.parse(Buffer.from(r.body)).content[0].text, answer)
    let text = ''
    await only(w, 'anthropic', async () => {
      const command = new InvokeModelWithResponseStreamCommand({ modelId: 'anthropic/claude-small', body: JSON.stringify(body) })
      for await (const e of (await client().send(command)).body) text += JSON.parse(Buffer.from(e.chunk.bytes)).delta?.text ?? ''
    })
    assert.equal(text, answer)
  })

  test('its errors', async () => {
    await assert.rejects(client().send(invoke(own('fail-429'))), e => e.name === 'ThrottlingException' && e.$metadata.httpStatusCode === 429 && /upstream says 429/.test(e.message))
  })
})


after(() => clients.forEach(c => c.destroy()))
