// Anthropic's messages. https://docs.anthropic.com/en/api/messages
import { seen as blank } from './seen.mjs'

const types = { 400: 'invalid_request_error', 401: 'authentication_error', 429: 'rate_limit_error', 500: 'api_error', 529: 'overloaded_error' }
const textOf = content => typeof content === 'string' ? content : (content ?? []).map(p => p.text ?? '').join('')

export function read (body, route) {
  const tools = (body.tools ?? []).map(t => t.name)
  const seen = blank({ model: route.model ?? body.model, stream: route.stream ?? body.stream === true, tools, system: textOf(body.system), signs: true })
  if (!(body.max_tokens > 0)) throw new Error('max_tokens: field required')
  for (const m of body.messages) {
    if (typeof m.content === 'string') {
      if (m.role === 'user') seen.said.push(m.content)
      continue
    }
    for (const p of m.content) {
      if (p.type === 'text' && m.role === 'user') seen.said.push(p.text)
      if (p.type === 'image') seen.media.push(`data:${p.source.media_type};base64,${p.source.data}`)
      if (p.type === 'tool_use') seen.calls.push({ id: p.id, name: p.name, input: p.input })
      if (p.type === 'tool_result') seen.results.push({ id: p.tool_use_id, text: textOf(p.content) })
      if (p.type === 'thinking') seen.signatures.push(p.signature)
    }
  }
  seen.schema = (body.output_config?.format ?? body.output_format)?.schema
  return seen
}

const usageOf = u => ({ input_tokens: u.input - u.cached, cache_read_input_tokens: u.cached, cache_creation_input_tokens: 0, output_tokens: u.output })

export function answer (turn) {
  const content = []
  if (turn.thought) content.push({ type: 'thinking', thinking: turn.thought, signature: turn.signature })
  if (turn.pieces.length) content.push({ type: 'text', text: turn.pieces.join('') })
  for (const c of turn.calls) content.push({ type: 'tool_use', ...c })
  return {
    id: 'msg_1', type: 'message', role: 'assistant', model: turn.model, content, stop_sequence: null,
    stop_reason: turn.calls.length ? 'tool_use' : 'end_turn', usage: usageOf(turn.usage), unknown_field: { kept: true }
  }
}

/** events are a stream's, as values. */
export function * events (turn) {
  const whole = answer(turn)
  yield { type: 'message_start', message: { ...whole, content: [], stop_reason: null, usage: { ...whole.usage, output_tokens: 1 } } }
  yield { type: 'ping' }
  if (turn.silent) return
  for (const [index, block] of whole.content.entries()) {
    const empty = { thinking: { thinking: '', signature: '' }, text: { text: '' }, tool_use: { input: {} } }[block.type]
    yield { type: 'content_block_start', index, content_block: { ...block, ...empty } }
    for (const delta of deltas(block, turn)) yield { type: 'content_block_delta', index, delta }
    yield { type: 'content_block_stop', index }
  }
  yield { type: 'message_delta', delta: { stop_reason: whole.stop_reason, stop_sequence: null }, usage: { output_tokens: turn.usage.output } }
  yield { type: 'message_stop' }
}

function deltas (block, turn) {
  if (block.type === 'text') return turn.pieces.map(text => ({ type: 'text_delta', text }))
  if (block.type === 'thinking') return [{ type: 'thinking_delta', thinking: block.thinking }, { type: 'signature_delta', signature: block.signature }]
  const input = JSON.stringify(block.input)
  return ['', input.slice(0, 5), input.slice(5)].map(partial_json => ({ type: 'input_json_delta', partial_json }))
}

function stream (turn, write) {
  for (const e of events(turn)) write(`event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`)
}

export const error = (status, message) => ({ type: 'error', error: { type: types[status] ?? 'api_error', message }, request_id: 'req_upstream' })

function match (r) {
  if (r.path.endsWith('/messages/count_tokens')) return { serve: () => [200, { input_tokens: 42 }] }
  if (r.path.endsWith('/messages')) return { model: r.body.model }
}

export default { name: 'messages', match, read, answer, stream, error }
