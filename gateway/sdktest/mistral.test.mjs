import { Mistral } from '@mistralai/mistralai'
import { MistralError } from '@mistralai/mistralai/models/errors'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientKey, conversations, only, world } from './conversation.mjs'
import { answer } from './upstream.mjs'

const w = world()
const client = () => new Mistral({ serverURL: w.gateway.url, apiKey: clientKey, retryConfig: { strategy: 'none' } })
const ask = [{ role: 'user', content: 'Hvem der?' }]

const adapter = {
  cannot: provider => ({
    'calls a tool after reasoning, and the signature comes back': 'the SDK drops fields that it does not know',
    'shows what was reasoned': 'the SDK drops fields that it does not know',
    ...(provider !== 'mistral' && {
      'counts tokens, streamed': 'the SDK does not ask for it',
      'counts cached tokens, streamed': 'the SDK does not ask for it',
      'calls a tool and goes on, streamed': 'the SDK reads calls only where each comes in one piece',
      'calls two tools at once, streamed': 'the SDK reads calls only where each comes in one piece'
    })
  }),

  begin: ({ system, text, image }) => [
    { role: 'system', content: system },
    { role: 'user', content: image ? [{ type: 'text', text }, { type: 'image_url', imageUrl: { url: 'data:image/png;base64,' + image } }] : text }
  ],

  async send ({ model, stream, tools, schema }, messages) {
    const body = {
      model, messages,
      ...(tools && { tools: tools.map(f => ({ type: 'function', function: f })) }),
      ...(schema && { responseFormat: { type: 'json_schema', jsonSchema: { name: 'city', schemaDefinition: schema, strict: true } } })
    }
    if (!stream) {
      const r = await client().chat.complete(body)
      return turnOf(r.choices[0].message, r.choices[0].finishReason, r.usage)
    }
    return gather(await client().chat.stream(body))
  },

  results: (calls, texts) => calls.map((c, i) => ({ role: 'tool', toolCallId: c.id, name: c.name, content: texts[i] })),

  error (e, status) {
    assert.ok(e instanceof MistralError, e.constructor.name)
    return { status: e.statusCode, message: JSON.parse(e.body).error?.message ?? JSON.parse(e.body).message }
  }
}

const partsOf = content => typeof content === 'string' ? [{ type: 'text', text: content }] : content ?? []
const textOf = (content, type = 'text') => partsOf(content).filter(p => p.type === type).map(p => p.text ?? p.thinking.map(t => t.text).join('')).join('')

function turnOf (message, finish, usage) {
  return {
    text: textOf(message.content),
    thought: textOf(message.content, 'thinking'),
    calls: (message.toolCalls ?? []).map(c => ({ id: c.id, name: c.function.name, input: typeof c.function.arguments === 'string' ? JSON.parse(c.function.arguments) : c.function.arguments })),
    finish: finish === 'tool_calls' ? 'tools' : finish,
    usage: usage && { input: usage.promptTokens, cached: usage.prompt_tokens_details?.cached_tokens, output: usage.completionTokens },
    said: [{ ...message, role: 'assistant' }]
  }
}

async function gather (stream) {
  const message = { role: 'assistant', content: '' }
  let finish, usage
  for await (const { data } of stream) {
    usage = data.usage ?? usage
    const choice = data.choices[0]
    if (!choice) continue
    finish = choice.finishReason ?? finish
    message.content += textOf(choice.delta.content)
    for (const c of choice.delta.toolCalls ?? []) {
      const known = (message.toolCalls ??= [])[c.index]
      if (known) known.function.arguments += c.function.arguments
      else message.toolCalls[c.index] = structuredClone(c)
    }
  }
  return turnOf(message, finish, usage)
}

describe('mistral at /v1', () => {
  for (const provider of ['mistral', 'openai', 'anthropic', 'gemini', 'cohere']) conversations(w, adapter, provider)
})

test('its own provider’s reasoning, which is in the content', async () => {
  const [r] = await only(w, 'mistral', () => client().chat.complete({ model: 'mistral/mistral-thinking', messages: ask }))
  assert.equal(textOf(r.choices[0].message.content), answer)
  assert.match(textOf(r.choices[0].message.content, 'thinking'), /who is there/)
})

test('embeds', async () => {
  for (const provider of ['mistral', 'openai', 'gemini']) {
    const [r, got] = await only(w, provider, () => client().embeddings.create({ model: provider + '/embed-small', inputs: ['a', 'b'] }))
    assert.deepEqual(r.data.map(d => d.embedding), [[0.5, -0.25, 0.125], [0.5, -0.25, 0.125]])
    assert.deepEqual(got.inputs, ['a', 'b'])
  }
})

test('lists models', async () => {
  const r = await client().models.list()
  const ids = r.data.map(m => m.id ?? m.raw.id) // the SDK leaves raw what has no type of Mistral's own
  assert.ok(ids.includes('mistral/small'), ids.join())
})
