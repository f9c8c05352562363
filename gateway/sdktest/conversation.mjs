// What every SDK is put through, on its own provider and across to the others: the same conversations, the same
// expectations, whatever the wire in between. An SDK's test file brings an adapter:
//   begin({system, text, image})                           → the history's first items
//   send({model, stream, tools, schema, think}, history)   → {text, thought, calls: [{id, name, input}], finish: 'stop' |
//                                                             'tools', usage: {input, cached, output}, said: [items]}
//   results(calls, [text])                                 → the items that answer the calls
//   ids                                                    false where the SDK does not keep the ids of tool calls
//   error(e)                                               → {status, message}, after checking that e is of the SDK's class
//   cannot(provider) → {case: why}                         what the SDK, or its wire format, has no way to say; a case may
//                                                          end with ', streamed'
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { start as startGateway } from './gateway.mjs'
import { answer, calls, start as startUpstream, thought } from './upstream.mjs'

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
export const weather = { name: 'weather', description: 'The weather of a city', parameters }
export const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const clientKey = 'sk-client-own'

/** world starts an upstream and a gateway for a file's tests. Its members are there once the tests run. */
export function world (options) {
  const w = {}
  before(async () => { w.upstream = await startUpstream(); w.gateway = await startGateway(w.upstream.url, options) })
  after(async () => { await w.gateway?.close(); await w.upstream?.close() })
  return w
}

const models = {
  anthropic: kind => `claude-${kind}`,
  azure: kind => `gpt-5-${kind}`,
  bedrock: kind => `anthropic.claude-${kind}-v1:0`,
  cohere: kind => `command-${kind}`,
  gemini: kind => `gemini-3-${kind}`,
  groq: kind => `llama-${kind}`,
  mistral: kind => `mistral-${kind}`,
  openai: kind => `gpt-5-${kind}`,
  openrouter: kind => `some/model-${kind}`
}
export const model = (provider, kind = 'small') => models[provider](kind)

// How each provider is asked for its credential.
const signed = {
  anthropic: h => h['x-api-key'] === 'sk-upstream',
  azure: h => h['api-key'] === 'sk-upstream',
  bedrock: h => /^AWS4-HMAC-SHA256 Credential=AKIASDKTEST\/\d+\/eu-north-1\/bedrock\/aws4_request, SignedHeaders=.*, Signature=[0-9a-f]{64}$/.test(h.authorization),
  gemini: h => h['x-goog-api-key'] === 'sk-upstream'
}

/** only runs one call and returns the one request that reached the upstream, for that provider and with its key. */
export async function only (w, provider, call) {
  const from = w.upstream.requests.length
  const value = await call()
  const got = w.upstream.requests.slice(from)
  assert.deepEqual(got.map(r => r.provider), [provider], `one call upstream, and to ${provider}`)
  const { headers, url } = got[0]
  assert.ok((signed[provider] ?? (h => h.authorization === 'Bearer sk-upstream'))(headers), `${provider} was asked with its own credential`)
  assert.ok(!(JSON.stringify(headers) + url).includes(clientKey), 'the client’s own key stays with the gateway')
  return [value, got[0]]
}

/** conversations declares the tests of an SDK with one provider; name is how the SDK says a model of it. */
export function conversations (w, adapter, provider, name = kind => `${provider}/${model(provider, kind)}`) {
  for (const stream of [false, true]) {
    describe(`${name('…')}, ${stream ? 'streamed' : 'whole'}`, () => {
      const cannot = adapter.cannot?.(provider) ?? {}
      const it = (title, run) => test(title, { skip: cannot[title] ?? (stream && cannot[title + ', streamed']) }, run)
      const opening = { system: 'You are a watchman.', text: 'Hvem der?' }
      const send = (kind, more, history) => only(w, provider, () => adapter.send({ model: name(kind), stream, ...more }, history))

      it('answers', async () => {
        const [turn, { seen }] = await send('small', {}, adapter.begin(opening))
        assert.equal(turn.text, answer)
        assert.equal(turn.finish, 'stop')
        assert.equal(seen.model, model(provider))
        assert.equal(seen.system, opening.system)
        assert.deepEqual(seen.said, [opening.text])
      })

      it('counts tokens', async () => {
        const [{ usage }] = await send('small', {}, adapter.begin(opening))
        assert.deepEqual([usage.input, usage.output], [11, 7])
      })

      it('counts cached tokens', async () => {
        const [turn] = await send('small', {}, adapter.begin(opening))
        assert.equal(turn.usage.cached, 4)
      })

      it('sees an image', async () => {
        const [, { seen }] = await send('small', {}, adapter.begin({ ...opening, image: pixel }))
        assert.deepEqual(seen.media, ['data:image/png;base64,' + pixel])
      })

      it('keeps to a schema', async () => {
        const [turn, { seen }] = await send('small', { schema: parameters }, adapter.begin(opening))
        assert.deepEqual(JSON.parse(turn.text), { city: 'Oslo' })
        assert.deepEqual(Object.keys(schemaOf(seen).properties), ['city'])
      })

      for (const [title, kind, results] of [
        ['calls a tool and goes on', 'small', ['rain']],
        ['calls two tools at once', 'parallel', ['rain', 'sun']],
        ['calls a tool after reasoning, and the signature comes back', 'thinking', ['rain']]
      ]) {
        it(title, async () => {
          const asked = { tools: [weather], think: kind === 'thinking' }
          const begun = adapter.begin(opening)
          const [turn] = await send(kind, asked, begun)
          assert.deepEqual(turn.calls.map(c => [c.name, c.input]), calls.slice(0, results.length).map(c => [c.name, c.input]))
          assert.equal(turn.finish, 'tools')
          const [done, { seen }] = await send(kind, asked, [...begun, ...turn.said, ...adapter.results(turn.calls, results)])
          assert.equal(done.text, answer)
          if (provider !== 'gemini' && adapter.ids !== false) assert.deepEqual(seen.calls.map(c => c.id), calls.slice(0, results.length).map(c => c.id))
          assert.deepEqual(seen.results.map(r => /rain|sun/.exec(r.text)?.[0]), results)
        })
      }

      it('shows what was reasoned', async () => {
        const [turn] = await send('thinking', { think: true }, adapter.begin(opening))
        assert.ok(turn.thought === thought || (!reasons.has(provider) && !turn.thought), `not ${JSON.stringify(turn.thought)}`)
        assert.equal(turn.text, answer)
      })

      for (const status of [400, 401, 429, 500, 529]) {
        it(`fails with ${status}`, async () => {
          const [e] = await only(w, provider, () => adapter.send({ model: name('fail-' + status), stream }, adapter.begin(opening)).then(() => assert.fail('it did not fail'), e => e))
          if (e instanceof assert.AssertionError) throw e
          const said = adapter.error(e, status)
          assert.equal(said.status, status)
          assert.match(said.message, new RegExp('upstream says ' + status))
        })
      }
    })
  }
}

// openai and azure tell what was reasoned in their responses only, which the gateway need not prefer.
const reasons = new Set(['anthropic', 'bedrock', 'cohere', 'gemini', 'groq', 'mistral', 'openrouter'])

const schemaOf = seen => {
  assert.ok(seen.schema, 'the schema reached the upstream')
  return typeof seen.schema === 'string' ? JSON.parse(seen.schema) : seen.schema
}
