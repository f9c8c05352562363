// Bedrock's converse and invoke. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { crc32 } from 'node:zlib'
import * as messages from './messages.mjs'
import { seen as blank } from './seen.mjs'

const names = { 400: 'ValidationException', 401: 'UnrecognizedClientException', 429: 'ThrottlingException', 500: 'InternalServerException' }

/** frame is one message of the AWS event stream: lengths and headers, each half with its CRC. */
export function frame (type, payload, kind = 'event') {
  const body = Buffer.from(JSON.stringify(payload))
  const headers = Buffer.concat(Object.entries({ [kind === 'event' ? ':event-type' : ':exception-type']: type, ':content-type': 'application/json', ':message-type': kind }).map(([name, value]) => {
    const size = Buffer.alloc(2)
    size.writeUInt16BE(value.length)
    return Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.of(7), size, Buffer.from(value)])
  }))
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + headers.length + body.length, 0)
  prelude.writeUInt32BE(headers.length, 4)
  prelude.writeUInt32BE(sum(prelude.subarray(0, 8)), 8)
  const bytes = Buffer.concat([prelude, headers, body, Buffer.alloc(4)])
  bytes.writeUInt32BE(sum(bytes.subarray(0, -4)), bytes.length - 4)
  return bytes
}

// zlib has it from Node.js 20.15 and 22.2 on.
const sum = bytes => crc32(bytes)

function read (body, route) {
  if (route.invoke) return messages.read(body, route)
  const tools = (body.toolConfig?.tools ?? []).filter(t => t.toolSpec).map(t => t.toolSpec.name)
  const system = (body.system ?? []).map(p => p.text ?? '').join('')
  const seen = blank({ model: route.model, stream: route.stream, tools, system, signs: true })
  for (const m of body.messages) {
    for (const p of m.content) {
      if (p.text !== undefined && m.role === 'user') seen.said.push(p.text)
      if (p.image) seen.media.push(`data:image/${p.image.format};base64,${p.image.source.bytes}`)
      if (p.toolUse) seen.calls.push({ id: p.toolUse.toolUseId, name: p.toolUse.name, input: p.toolUse.input })
      if (p.toolResult) seen.results.push({ id: p.toolResult.toolUseId, text: p.toolResult.content.map(c => c.text ?? JSON.stringify(c.json)).join('') })
      if (p.reasoningContent?.reasoningText) seen.signatures.push(p.reasoningContent.reasoningText.signature)
    }
  }
  // The models of one maker take the schema in their own words too.
  seen.schema = body.outputConfig?.textFormat?.structure?.jsonSchema?.schema ?? body.additionalModelRequestFields?.output_config?.format?.schema
  return seen
}

const usageOf = u => ({ inputTokens: u.input - u.cached, cacheReadInputTokens: u.cached, cacheWriteInputTokens: 0, outputTokens: u.output, totalTokens: u.input + u.output })

function answer (turn, request) {
  if (isInvoke(request)) return messages.answer(turn)
  const content = []
  if (turn.thought) content.push({ reasoningContent: { reasoningText: { text: turn.thought, signature: turn.signature } } })
  if (turn.pieces.length) content.push({ text: turn.pieces.join('') })
  for (const c of turn.calls) content.push({ toolUse: { toolUseId: c.id, name: c.name, input: c.input } })
  return { metrics: { latencyMs: 5 }, output: { message: { role: 'assistant', content } }, stopReason: turn.calls.length ? 'tool_use' : 'end_turn', usage: usageOf(turn.usage) }
}

function stream (turn, write, request) {
  if (isInvoke(request)) {
    for (const e of messages.events(turn)) write(frame('chunk', { bytes: Buffer.from(JSON.stringify(e)).toString('base64'), p: 'abcd' }))
    return
  }
  write(frame('messageStart', { role: 'assistant', p: 'abcdef' }))
  if (turn.silent) return
  let contentBlockIndex = 0
  const block = (deltas, start) => {
    if (start) write(frame('contentBlockStart', { contentBlockIndex, start }))
    for (const delta of deltas) write(frame('contentBlockDelta', { contentBlockIndex, delta, p: 'abc' }))
    write(frame('contentBlockStop', { contentBlockIndex: contentBlockIndex++ }))
  }
  if (turn.thought) block([{ reasoningContent: { text: turn.thought } }, { reasoningContent: { signature: turn.signature } }])
  if (turn.pieces.length) block(turn.pieces.map(text => ({ text })))
  for (const c of turn.calls) {
    const input = JSON.stringify(c.input)
    block(['', input.slice(0, 5), input.slice(5)].map(piece => ({ toolUse: { input: piece } })), { toolUse: { toolUseId: c.id, name: c.name } })
  }
  write(frame('messageStop', { stopReason: turn.calls.length ? 'tool_use' : 'end_turn' }))
  write(frame('metadata', { metrics: { latencyMs: 5 }, usage: usageOf(turn.usage) }))
}

const isInvoke = request => /\/invoke(-with-response-stream)?$/.test(request.path)

function match (r) {
  const tail = /\/model\/([^/]+)\/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/.exec(r.path)
  if (!tail) return
  const [, id, action] = tail
  const model = decodeURIComponent(id)
  if (action === 'count-tokens') return { model, serve: () => [200, { inputTokens: 42 }] }
  return { model, stream: action.includes('stream'), invoke: action.startsWith('invoke') }
}

export default {
  name: 'converse', match, read, answer, stream,
  contentType: 'application/vnd.amazon.eventstream',
  error: (_, message) => ({ message }),
  errorHeaders: status => ({ 'x-amzn-errortype': `${names[status] ?? 'InternalServerException'}:http://internal.amazon.com/coral/com.amazon.bedrock/`, 'x-amzn-requestid': 'req-upstream' })
}
