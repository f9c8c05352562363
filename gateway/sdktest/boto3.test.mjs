// What boto3 sends, as fixtures of our own: HTTP/1.1, a SigV4 signature, its own header fields, model ids percent-encoded.
import assert from 'node:assert/strict'
import http from 'node:http'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { clientKey, model, only, world } from './conversation.mjs'
import { answer } from './upstream.mjs'

const w = world()
const own = kind => model('bedrock', kind)

/** call sends one request as boto3 does → {status, headers, body: Buffer}. */
function call (modelId, action, body, more = {}) {
  const bytes = JSON.stringify(body)
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'Boto3/1.43.7 md/Botocore#1.43.7 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.4 md/pyimpl#CPython m/n,Z,b,e cfg/retry-mode#standard',
    'X-Amz-Date': '20261122T191500Z',
    'X-Amz-Security-Token': 'session-' + clientKey,
    Authorization: `AWS4-HMAC-SHA256 Credential=${clientKey}/20261122/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=${'0'.repeat(64)}`,
    'amz-sdk-invocation-id': '5e9f0a53-5a7c-4d0f-9a40-3f3c2b6a4d11',
    'amz-sdk-request': 'attempt=1; max=3',
    'Content-Length': Buffer.byteLength(bytes),
    ...more
  }
  const url = `${w.gateway.url}/bedrock/model/${modelId.replace(/[^\w.~-]/g, encodeURIComponent)}/${action}`
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers }, async response => {
      const pieces = []
      for await (const piece of response) pieces.push(piece)
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) })
    })
    request.on('error', reject).end(bytes)
  })
}

/** unframe reads an AWS event stream as botocore does, both checksums included → [[type, payload]]. */
function unframe (bytes) {
  const out = []
  while (bytes.length) {
    const total = bytes.readUInt32BE(0)
    const end = 12 + bytes.readUInt32BE(4)
    assert.equal(bytes.readUInt32BE(8), crc32(bytes.subarray(0, 8)), 'the checksum of the prelude')
    assert.equal(bytes.readUInt32BE(total - 4), crc32(bytes.subarray(0, total - 4)), 'the checksum of the message')
    const headers = {}
    for (let at = 12; at < end;) {
      const name = bytes.toString('utf8', at + 1, at += 1 + bytes[at])
      assert.equal(bytes[at], 7, 'header values are strings')
      const size = bytes.readUInt16BE(at + 1)
      headers[name] = bytes.toString('utf8', at + 3, at += 3 + size)
    }
    out.push([headers[':event-type'] ?? headers[':exception-type'], JSON.parse(bytes.toString('utf8', end, total - 4))])
    bytes = bytes.subarray(total)
  }
  return out
}

const messages = [{ role: 'user', content: [{ text: 'Hvem der?' }] }]
const toolConfig = { tools: [{ toolSpec: { name: 'weather', inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } } } } } }] }
const targets = [['bedrock', own], ['anthropic', kind => 'anthropic/' + model('anthropic', kind)], ['openai', kind => 'openai/' + model('openai', kind)]]

for (const [provider, name] of targets) {
  describe(`boto3 with ${name('…')}`, () => {
    test('converse', async () => {
      const [r, got] = await only(w, provider, () => call(name('small'), 'converse', { messages, system: [{ text: 'Be brief.' }], inferenceConfig: { maxTokens: 100 } }))
      assert.equal(r.status, 200)
      assert.equal(r.headers['content-type'], 'application/json')
      const body = JSON.parse(r.body)
      assert.deepEqual(body.output.message, { role: 'assistant', content: [{ text: answer }] })
      assert.equal(body.stopReason, 'end_turn')
      assert.equal(body.usage.totalTokens, 18)
      assert.equal(typeof body.metrics.latencyMs, 'number')
      assert.equal(got.seen.system, 'Be brief.')
    })

    test('converse_stream', async () => {
      const [r] = await only(w, provider, () => call(name('small'), 'converse-stream', { messages, toolConfig }))
      assert.equal(r.headers['content-type'], 'application/vnd.amazon.eventstream')
      const events = unframe(r.body)
      assert.deepEqual([...new Set(events.map(([type]) => type))], ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata'])
      assert.equal(events.filter(([type]) => type === 'contentBlockDelta').map(([, e]) => e.delta.toolUse.input).join(''), '{"city":"Oslo"}')
      assert.equal(events.at(-2)[1].stopReason, 'tool_use')
      assert.equal(events.at(-1)[1].usage.outputTokens, 7)
    })

    test('errors, whose class boto3 reads from a header field', async () => {
      for (const [status, type] of [[400, 'ValidationException'], [429, 'ThrottlingException'], [500, 'InternalServerException']]) {
        for (const action of ['converse', 'converse-stream']) {
          const r = await call(name('fail-' + status), action, { messages })
          assert.equal(r.status, status)
          assert.equal(r.headers['x-amzn-errortype'].split(':')[0], type)
          assert.match(JSON.parse(r.body).message, new RegExp('upstream says ' + status))
        }
      }
    })
  })
}

const native = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, messages: [{ role: 'user', content: 'Hvem der?' }] }

test('boto3 invoke_model', async () => {
  const [r, got] = await only(w, 'bedrock', () => call(own('small'), 'invoke', native, { Accept: 'application/json' }))
  assert.equal(JSON.parse(r.body).content[0].text, answer)
  assert.deepEqual(got.body, native)
})

test('boto3 invoke_model_with_response_stream', async () => {
  const [r] = await only(w, 'bedrock', () => call(own('small'), 'invoke-with-response-stream', native, { 'X-Amzn-Bedrock-Accept': 'application/json' }))
  const events = unframe(r.body).map(([type, e]) => { assert.equal(type, 'chunk'); return JSON.parse(Buffer.from(e.bytes, 'base64')) })
  assert.equal(events.map(e => e.delta?.text ?? '').join(''), answer)
  assert.equal(events.at(-1).type, 'message_stop')
})

test('what is no request at all is told so in the same shape', async () => {
  const r = await call(own('small'), 'converse', 'not an object')
  assert.equal(r.status, 400)
  assert.equal(r.headers['x-amzn-errortype'].split(':')[0], 'ValidationException')
  assert.ok(JSON.parse(r.body).message.length > 10)
})
