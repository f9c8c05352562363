import Groq from 'groq-sdk'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { adapter } from './adapter.chat.mjs'
import { clientKey, conversations, only, world } from './conversation.mjs'
import { until } from './gateway.mjs'

const w = world()
// The SDK adds /openai/v1 by itself, and there the provider is openai unless the model says another.
const client = () => new Groq({ baseURL: w.gateway.url, apiKey: clientKey, maxRetries: 0 })
const classes = { 400: 'BadRequestError', 401: 'AuthenticationError', 429: 'RateLimitError', 500: 'InternalServerError', 529: 'InternalServerError' }
const ask = [{ role: 'user', content: 'Hvem der?' }]

describe('groq', () => {
  for (const provider of ['groq', 'openai', 'anthropic', 'gemini', 'bedrock', 'cohere', 'mistral']) conversations(w, adapter(client, classes), provider)
})

test('its own fields reach its provider', async () => {
  const [, got] = await only(w, 'groq', () => client().chat.completions.create({ model: 'groq/llama-small', messages: ask, reasoning_format: 'parsed', service_tier: 'flex', brand_new: 1 }))
  assert.deepEqual([got.body.reasoning_format, got.body.service_tier, got.body.brand_new, got.body.model], ['parsed', 'flex', 1, 'llama-small'])
})

test('embeds', async () => {
  const [r] = await only(w, 'openai', () => client().embeddings.create({ model: 'openai/embed-small', input: ['a'], encoding_format: 'float' }))
  assert.deepEqual(r.data[0].embedding, [0.5, -0.25, 0.125])
})

test('a client that hangs up frees a silent upstream', async () => {
  const stream = await client().chat.completions.create({ model: 'groq/llama-silent', messages: ask, stream: true })
  for await (const _ of stream) break
  stream.controller.abort()
  await until(() => w.upstream.open() === 0, 'the upstream stream to end', 2)
})
