// LangChain's chat models and embeddings, each at the base URL that its users set.
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'
import { ChatAnthropic } from '@langchain/anthropic'
import { ChatBedrockConverse } from '@langchain/aws'
import { AIMessageChunk, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import { ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings } from '@langchain/google-genai'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientKey, conversations, model, only, world } from './conversation.mjs'

const w = world()
process.env.LANGSMITH_TRACING = 'false'

const signatures = { 'calls a tool after reasoning, and the signature comes back': 'the library does not keep signatures on this wire' }
const silent = { ...signatures, 'shows what was reasoned': 'the library reads no reasoning on this wire' }
const thinking = { thinking: { type: 'enabled', budget_tokens: 1024 } }
const openai = { apiKey: clientKey, maxRetries: 0, streamUsage: true }
const openaiSchema = schema => ({ response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } } })

const libraries = {
  ChatOpenAI: {
    own: 'openai', across: ['anthropic', 'gemini'], cannot: () => silent, schema: openaiSchema,
    make: (model, stream) => new ChatOpenAI({ ...openai, model, streaming: stream, useResponsesApi: false, configuration: { baseURL: w.gateway.url + '/langchain' } })
  },
  'ChatOpenAI (responses)': {
    own: 'openai', across: ['anthropic'], cannot: () => silent, schema: openaiSchema,
    make: (model, stream) => new ChatOpenAI({ ...openai, model, streaming: stream, useResponsesApi: true, configuration: { baseURL: w.gateway.url + '/langchain/v1' } })
  },
  ChatAnthropic: {
    own: 'anthropic', across: ['openai', 'gemini'],
    cannot: provider => ({
      'counts tokens, streamed': 'the library adds up what are running totals',
      ...(provider !== 'anthropic' && { 'counts cached tokens, streamed': 'the library reads them only where the stream begins' })
    }),
    schema: schema => ({ outputConfig: { format: { type: 'json_schema', schema } } }),
    make: (model, stream, think) => new ChatAnthropic({
      apiKey: clientKey, anthropicApiUrl: w.gateway.url + '/langchain/anthropic', model, maxRetries: 0, maxTokens: 4096, streaming: stream, ...(think && thinking)
    })
  },
  ChatGoogleGenerativeAI: {
    own: 'gemini', across: ['openai', 'anthropic', 'mistral'], ids: false,
    cannot: provider => ({
      ...silent, 'counts cached tokens, streamed': 'the library adds up what are running totals',
      ...(provider !== 'gemini' && { 'sees an image': 'the library sends images to the models that it knows' })
    }),
    schema: responseSchema => ({ responseSchema: { ...responseSchema, additionalProperties: undefined } }),
    make: (model, stream) => new ChatGoogleGenerativeAI({ apiKey: clientKey, baseUrl: w.gateway.url + '/langchain/genai', model, maxRetries: 0, streaming: stream })
  },
  ChatBedrockConverse: {
    own: 'bedrock', across: ['openai'], cannot: () => ({ 'keeps to a schema': 'the library asks by a tool' }),
    make: (model, stream, think) => new ChatBedrockConverse({
      model, region: 'us-east-1', streaming: stream, maxRetries: 0, ...(think && { additionalModelRequestFields: thinking }),
      client: new BedrockRuntimeClient({ endpoint: w.gateway.url + '/langchain/bedrock', region: 'us-east-1', credentials: { accessKeyId: 'AKIACLIENT', secretAccessKey: clientKey }, maxAttempts: 1 })
    })
  }
}

function adapter ({ make, cannot, ids, schema: format }) {
  return {
    cannot,
    ids,

    begin: ({ system, text, image }) => [
      new SystemMessage(system),
      new HumanMessage({ content: image ? [{ type: 'text', text }, { type: 'image_url', image_url: { url: 'data:image/png;base64,' + image } }] : text })
    ],

    async send ({ model, stream, tools, schema, think }, messages) {
      let llm = make(model, stream, think)
      if (tools) llm = llm.bindTools(tools.map(t => ({ type: 'function', function: t })))
      if (schema) llm = llm.withConfig(format(schema))
      if (!stream) return turnOf(await llm.invoke(messages))
      let whole
      for await (const chunk of await llm.stream(messages)) whole = whole ? whole.concat(chunk) : chunk
      assert.ok(whole instanceof AIMessageChunk)
      return turnOf(whole)
    },

    results: (calls, texts) => calls.map((c, i) => new ToolMessage({ tool_call_id: c.id, name: c.name, content: texts[i] })),

    // The library wraps, or passes on, what the SDK beneath it throws.
    error: e => ({ status: e.status ?? e.statusCode ?? e.$metadata?.httpStatusCode, message: e.message })
  }
}

function turnOf (message) {
  const blocks = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content
  const usage = message.usage_metadata
  return {
    text: blocks.map(b => b.text ?? '').join(''),
    thought: blocks.map(b => b.thinking ?? b.reasoningText?.text ?? b.reasoning ?? '').join(''),
    calls: (message.tool_calls ?? []).map(c => ({ id: c.id, name: c.name, input: c.args })),
    finish: message.tool_calls?.length ? 'tools' : 'stop',
    usage: usage && { input: usage.input_tokens, cached: usage.input_token_details?.cache_read, output: usage.output_tokens },
    said: [message]
  }
}

for (const [name, library] of Object.entries(libraries)) {
  describe(name, () => {
    conversations(w, adapter(library), library.own, kind => model(library.own, kind))
    for (const provider of library.across) conversations(w, adapter(library), provider)
  })
}

test('embeds', async () => {
  const embedders = {
    openai: new OpenAIEmbeddings({ apiKey: clientKey, model: 'embed-small', maxRetries: 0, configuration: { baseURL: w.gateway.url + '/langchain/v1' } }),
    gemini: new GoogleGenerativeAIEmbeddings({ apiKey: clientKey, model: 'embed-small', maxRetries: 0, baseUrl: w.gateway.url + '/langchain/genai' })
  }
  for (const [provider, embedder] of Object.entries(embedders)) {
    const [vectors, got] = await only(w, provider, () => embedder.embedDocuments(['a', 'b']))
    assert.deepEqual([vectors, got.inputs], [[[0.5, -0.25, 0.125], [0.5, -0.25, 0.125]], ['a', 'b']])
  }
})
