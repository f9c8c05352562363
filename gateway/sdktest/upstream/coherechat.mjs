// Cohere's chat, version 2. https://docs.cohere.com/reference/chat
import { seen as blank } from './seen.mjs'

const partOf = ({ text, document }) => text ?? document?.data?.content ?? document?.data?.text ?? document?.data ?? ''
const textOf = content => typeof content === 'string' ? content : (content ?? []).map(partOf).join('')

function read (body) {
  const seen = blank({ model: body.model, stream: body.stream === true, tools: (body.tools ?? []).map(t => t.function.name) })
  for (const m of body.messages) {
    if (m.role === 'system') seen.system += textOf(m.content)
    if (m.role === 'user') {
      seen.said.push(textOf(m.content))
      for (const p of Array.isArray(m.content) ? m.content : []) if (p.type === 'image_url') seen.media.push(p.image_url.url)
    }
    if (m.role === 'tool') seen.results.push({ id: m.tool_call_id, text: textOf(m.content) })
    for (const c of m.tool_calls ?? []) seen.calls.push({ id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) })
  }
  seen.schema = body.response_format?.json_schema ?? body.response_format?.schema
  return seen
}

const usageOf = u => ({ billed_units: { input_tokens: u.input, output_tokens: u.output }, tokens: { input_tokens: u.input, output_tokens: u.output }, cached_tokens: u.cached })
const callOf = c => ({ id: c.id, type: 'function', function: { name: c.name, arguments: JSON.stringify(c.input) } })
const finishOf = turn => turn.calls.length ? 'TOOL_CALL' : 'COMPLETE'

function answer (turn) {
  const message = { role: 'assistant' }
  const content = []
  if (turn.thought) content.push({ type: 'thinking', thinking: turn.thought })
  if (turn.pieces.length) content.push({ type: 'text', text: turn.pieces.join('') })
  if (content.length) message.content = content
  if (turn.calls.length) Object.assign(message, { tool_plan: 'I will look.', tool_calls: turn.calls.map(callOf) })
  return { id: 'c0', message, finish_reason: finishOf(turn), usage: usageOf(turn.usage), unknown_field: { kept: true } }
}

function stream (turn, write) {
  const event = (type, message, more) => write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more, ...(message && { delta: { message } }) })}\n\n`)
  event('message-start', { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }, { id: 'c0' })
  if (turn.silent) return
  let index = 0
  const block = (type, pieces) => {
    event('content-start', { content: { type, [type]: '' } }, { index })
    for (const piece of pieces) event('content-delta', { content: { [type]: piece } }, { index })
    event('content-end', undefined, { index: index++ })
  }
  if (turn.thought) block('thinking', [turn.thought])
  if (turn.pieces.length) block('text', turn.pieces)
  if (turn.calls.length) event('tool-plan-delta', { tool_plan: 'I will look.' })
  turn.calls.forEach((c, index) => {
    const call = callOf(c)
    event('tool-call-start', { tool_calls: { ...call, function: { name: c.name, arguments: '' } } }, { index })
    for (const piece of [call.function.arguments.slice(0, 5), call.function.arguments.slice(5)]) event('tool-call-delta', { tool_calls: { function: { arguments: piece } } }, { index })
    event('tool-call-end', undefined, { index })
  })
  write(`event: message-end\ndata: ${JSON.stringify({ type: 'message-end', delta: { finish_reason: finishOf(turn), usage: usageOf(turn.usage) } })}\n\n`)
}

export default {
  name: 'coherechat', read, answer, stream,
  match: r => r.path.endsWith('/v2/chat') && { model: r.body.model },
  error: (_, message) => ({ id: 'e0', message })
}
