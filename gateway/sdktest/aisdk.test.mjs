// The AI SDK with the providers that it has for us, each at the base URL that its users set.
import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createAzure } from '@ai-sdk/azure'
import { createCohere } from '@ai-sdk/cohere'
import { createGoogleGenerativeAI } from '@ai-sdk/google'
import { createGroq } from '@ai-sdk/groq'
import { createMistral } from '@ai-sdk/mistral'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, embedMany, generateText, jsonSchema, Output, rerank, stepCountIs, streamText, tool } from 'ai'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientKey, conversations, model, only, weather, world } from './conversation.mjs'
import { answer } from './upstream.mjs'

const w = world()
globalThis.AI_SDK_LOG_WARNINGS = false
const at = (create, path, more) => create({ baseURL: w.gateway.url + path, apiKey: clientKey, name: 'heimdall', ...more })

const signatures = { 'calls a tool after reasoning, and the signature comes back': 'the SDK does not keep signatures on this wire' }
const silent = { ...signatures, 'shows what was reasoned': 'the SDK reads no reasoning on this wire' }
const unasked = { 'counts tokens, streamed': 'the SDK does not ask for it', 'counts cached tokens, streamed': 'the SDK does not ask for it' }
const byTool = { 'keeps to a schema': 'the SDK asks by a tool where it does not know the model' }

// own = the provider that a model without a prefix means.
const sdks = {
  'openai (responses)': {
    own: 'openai', make: id => at(createOpenAI, '/openai/v1', { name: 'openai' })(id),
    think: { openai: { reasoningEffort: 'low', reasoningSummary: 'auto', store: false, include: ['reasoning.encrypted_content'], forceReasoning: true } }
  },
  'openai (chat)': { own: 'openai', make: id => at(createOpenAI, '/openai/v1').chat(id), cannot: () => silent },
  'openai-compatible': { make: id => at(createOpenAICompatible, '/v1', { includeUsage: true, supportsStructuredOutputs: true })(id), cannot: () => signatures },
  anthropic: {
    own: 'anthropic', make: id => at(createAnthropic, '/anthropic/v1', { name: undefined })(id),
    think: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1024 } } }, keep: { anthropic: { structuredOutputMode: 'outputFormat' } }
  },
  google: { own: 'gemini', make: id => at(createGoogleGenerativeAI, '/genai/v1beta', { name: undefined })(id), think: { google: { thinkingConfig: { includeThoughts: true } } } },
  bedrock: {
    own: 'bedrock', make: id => createAmazonBedrock({ baseURL: w.gateway.url + '/bedrock', region: 'us-east-1', accessKeyId: 'AKIACLIENT', secretAccessKey: clientKey })(id),
    think: { bedrock: { reasoningConfig: { type: 'enabled', budgetTokens: 1024 } } }, cannot: provider => ['bedrock', 'anthropic'].includes(provider) ? {} : byTool
  },
  cohere: {
    own: 'cohere', make: id => at(createCohere, '/cohere/v2')(id), think: { cohere: { thinking: { type: 'enabled' } } },
    cannot: () => ({ ...signatures, 'sees an image': 'the SDK does not send images on this wire', 'counts cached tokens': 'the SDK does not read them' })
  },
  mistral: {
    make: id => at(createMistral, '/v1')(id), across: ['mistral', 'openai'],
    cannot: provider => ({ ...silent, ...(provider !== 'mistral' && unasked) })
  },
  groq: {
    make: id => at(createGroq, '/openai/v1')(id), across: ['groq', 'openai', 'anthropic'],
    cannot: provider => ({ ...signatures, ...(provider !== 'groq' && unasked) })
  }
}

function adapter ({ make, think: thinking, keep, cannot }) {
  return {
    cannot,

    begin: ({ system, text, image }) => [
      { role: 'system', content: system },
      { role: 'user', content: image ? [{ type: 'image', image, mediaType: 'image/png' }, { type: 'text', text }] : text }
    ],

    async send ({ model, stream, tools, schema, think }, messages) {
      const call = {
        model: make(model), messages, maxRetries: 0, maxOutputTokens: 4096, allowSystemInMessages: true,
        ...(tools && { tools: Object.fromEntries(tools.map(t => [t.name, tool({ description: t.description, inputSchema: jsonSchema(t.parameters) })])) }),
        ...(schema && { output: Output.object({ schema: jsonSchema(schema) }), providerOptions: keep }),
        ...(think && { providerOptions: thinking })
      }
      if (!stream) return turnOf(await generateText(call))
      let failed
      const r = streamText({ ...call, onError: ({ error }) => { failed = error } })
      await r.consumeStream()
      if (failed) throw failed
      return turnOf({ text: await r.text, reasoningText: await r.reasoningText, toolCalls: await r.toolCalls, finishReason: await r.finishReason, usage: await r.usage, response: await r.response })
    },

    results: (calls, texts) => [{ role: 'tool', content: calls.map((c, i) => ({ type: 'tool-result', toolCallId: c.id, toolName: c.name, output: { type: 'text', value: texts[i] } })) }],

    error (e, status) {
      assert.ok(APICallError.isInstance(e), `${e.constructor.name}: ${e.message}`)
      assert.equal(e.isRetryable, status === 429 || status >= 500)
      // The SDK reads a message only at the place where its own provider has it.
      return { status: e.statusCode, message: /upstream says/.test(e.message) ? e.message : JSON.parse(e.responseBody).error.message }
    }
  }
}

const turnOf = r => ({
  text: r.text,
  thought: r.reasoningText ?? '',
  calls: r.toolCalls.map(c => ({ id: c.toolCallId, name: c.toolName, input: c.input })),
  finish: r.finishReason === 'tool-calls' ? 'tools' : r.finishReason,
  usage: { input: r.usage.inputTokens, cached: r.usage.inputTokenDetails?.cacheReadTokens ?? r.usage.cachedInputTokens, output: r.usage.outputTokens },
  said: r.response.messages
})

for (const [name, sdk] of Object.entries(sdks)) {
  describe(`ai with ${name}`, () => {
    if (sdk.own) conversations(w, adapter(sdk), sdk.own, kind => model(sdk.own, kind))
    const across = sdk.across ?? ['openai', 'anthropic', 'gemini'].filter(p => p !== sdk.own)
    for (const provider of across) conversations(w, adapter(sdk), provider)
  })
}

test('azure, by the model’s name and by the deployment', async () => {
  const azure = at(createAzure, '/openai/openai/v1', { name: undefined })
  const deployed = at(createAzure, '/openai', { name: undefined, useDeploymentBasedUrls: true })
  for (const make of [id => azure(id), id => azure.chat(id), id => deployed.chat(id)]) {
    const [r] = await only(w, 'azure', () => generateText({ model: make('gpt-small'), prompt: 'Hvem der?', maxRetries: 0 }))
    assert.equal(r.text, answer)
  }
})

test('an agent’s loop runs tools by itself, streamed, on each wire', async () => {
  for (const name of ['openai (responses)', 'anthropic', 'google', 'bedrock']) {
    const { own, make, think } = sdks[name]
    let ran = 0
    const tools = { weather: tool({ inputSchema: jsonSchema(weather.parameters), execute: async ({ city }) => { ran++; return `rain in ${city}` } }) }
    const r = streamText({ model: make(model(own, 'thinking')), prompt: 'Hvem der?', tools, stopWhen: stepCountIs(3), maxRetries: 0, maxOutputTokens: 4096, providerOptions: think })
    assert.deepEqual([name, await r.text, ran], [name, answer, 1])
  }
})

test('embeds', async () => {
  const embedders = {
    openai: at(createOpenAI, '/openai/v1').embedding('embed-small'),
    gemini: at(createGoogleGenerativeAI, '/genai/v1beta', { name: undefined }).embedding('embed-small'),
    cohere: at(createCohere, '/cohere/v2').embedding('embed-small'),
    mistral: at(createMistral, '/v1').embedding('mistral/embed-small'),
    anyone: at(createOpenAICompatible, '/v1').embeddingModel('openai/embed-small')
  }
  for (const [name, embedder] of Object.entries(embedders)) {
    const { embeddings } = await embedMany({ model: embedder, values: ['a', 'b'], maxRetries: 0 })
    assert.deepEqual([name, embeddings], [name, [[0.5, -0.25, 0.125], [0.5, -0.25, 0.125]]])
  }
})

test('reranks', async () => {
  const [r] = await only(w, 'cohere', () => rerank({ model: at(createCohere, '/cohere/v2').reranking('rerank-small'), query: 'who', documents: ['a', 'b', 'c'], topN: 2, maxRetries: 0 }))
  assert.deepEqual(r.ranking.map(x => [x.originalIndex, x.score]), [[2, 0.5], [1, 0.25]])
})
