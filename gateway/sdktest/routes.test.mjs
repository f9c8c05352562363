// What clients do around their calls: look for websockets and for routes that are not served, and bring credentials of
// their own.
import Anthropic from '@anthropic-ai/sdk'
import assert from 'node:assert/strict'
import http from 'node:http'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import { clientKey, only, world } from './conversation.mjs'
import { answer } from './upstream.mjs'

const w = world()

test('websockets: 426, at which an agent falls back to POST at once', async () => {
  for (const path of ['/openai/v1/responses', '/openai/responses', '/v1/responses']) {
    const status = await new Promise((resolve, reject) => {
      const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'MDEyMzQ1Njc4OWFiY2RlZg==', 'OpenAI-Beta': 'responses_websockets=2026-02-06' }
      const request = http.request(w.gateway.url + path, { headers }, r => { r.resume(); resolve(r.statusCode) })
      request.on('upgrade', () => resolve('upgraded')).on('error', reject).end()
    })
    assert.deepEqual([path, status], [path, 426])
  }
})

describe('routes that the contract knows and nobody serves yet say so, in their own dialect', () => {
  const openai = base => new OpenAI({ baseURL: w.gateway.url + base, apiKey: clientKey, maxRetries: 0 })
  const anthropic = () => new Anthropic({ baseURL: w.gateway.url + '/anthropic', apiKey: clientKey, maxRetries: 0 })
  const cases = [
    ['/v1/audio/speech', () => openai('/v1').audio.speech.create({ model: 'openai/tts', input: 'x', voice: 'alloy' })],
    ['/v1/images/generations', () => openai('/v1').images.generate({ model: 'openai/image', prompt: 'x' })],
    ['/openai/v1/files', () => openai('/openai/v1').files.list()],
    ['/v1/batches', () => openai('/v1').batches.list()],
    ['/openai/v1/audio/transcriptions', () => openai('/openai/v1').audio.transcriptions.create({ model: 'whisper', file: new File(['RIFF'], 'a.wav') })],
    ['/anthropic/v1/messages/batches', () => anthropic().messages.batches.list()],
    ['/anthropic/v1/files', () => anthropic().beta.files.list()]
  ]
  for (const [path, call] of cases) {
    test(path, async () => {
      const before = w.upstream.requests.length
      await assert.rejects(call(), e => {
        assert.equal(e.status, 404)
        assert.ok(e.message.includes(path), e.message)
        assert.match(e.message, /not serve/)
        return true
      })
      assert.equal(w.upstream.requests.length, before)
    })
  }
})

describe('a path that nobody knows', () => {
  test('is told in the dialect of its base', async () => {
    const bases = {
      '/openai/v1/nonsense': b => b.error.message,
      '/anthropic/v1/nonsense': b => b.type === 'error' && b.error.message,
      '/genai/v1beta/nonsense': b => b.error.code === 404 && b.error.message,
      '/cohere/v2/nonsense': b => b.message,
      '/bedrock/nonsense': b => b.message
    }
    for (const [path, at] of Object.entries(bases)) {
      const r = await fetch(w.gateway.url + path, { method: 'POST', body: '{}' })
      assert.equal(r.status, 404)
      const body = await r.json()
      assert.ok(String(at(body)).includes(path), `${path}: ${JSON.stringify(body)}`)
    }
  })
})

describe('a Claude subscription’s token', () => {
  const token = 'sk-ant-oat01-of-a-subscription'
  const ask = at => new Anthropic({ baseURL: at.gateway.url + '/anthropic', apiKey: null, authToken: token, maxRetries: 0 })
    .messages.create({ model: 'claude-small', max_tokens: 10, messages: [{ role: 'user', content: 'Hvem der?' }] }, { headers: { 'anthropic-beta': 'oauth-2025-04-20' } })

  describe('where direct keys are allowed and there is no key', () => {
    const open = world({ client: { allow_direct_keys: true }, keyless: ['anthropic'] })

    test('passes through as it is', async () => {
      const r = await ask(open)
      assert.equal(r.content[0].text, answer)
      const got = open.upstream.last()
      assert.equal(got.headers.authorization, 'Bearer ' + token)
      assert.equal(got.headers['x-api-key'], undefined)
      assert.equal(got.headers['anthropic-beta'], 'oauth-2025-04-20')
    })

    test('does not go to another provider', async () => {
      const client = new Anthropic({ baseURL: open.gateway.url + '/anthropic', apiKey: null, authToken: token, maxRetries: 0 })
      const before = open.upstream.requests.length
      await client.messages.create({ model: 'openai/gpt-small', max_tokens: 10, messages: [{ role: 'user', content: 'x' }] }).catch(() => {})
      for (const r of open.upstream.requests.slice(before)) assert.ok(!JSON.stringify(r.headers).includes(token))
    })
  })

  describe('where direct keys are not allowed', () => {
    const closed = world({ keyless: ['anthropic'] })

    test('goes nowhere', async () => {
      const before = closed.upstream.requests.length
      await assert.rejects(ask(closed), e => { assert.ok(e.status >= 400 && e.status < 600); assert.equal(e.error.type, 'error'); return true })
      assert.equal(closed.upstream.requests.length, before)
    })
  })

  test('stays with the gateway where that has a key of its own', async () => {
    await only(w, 'anthropic', () => ask(w))
    assert.ok(!JSON.stringify(w.upstream.last().headers).includes(token))
  })
})
