// OpenAI's chat completions and what others call compatible with it.
// https://platform.openai.com/docs/api-reference/chat
import { seen as blank } from './seen.mjs'

const textOf = content => typeof content === 'string' ? content : (content ?? []).map(p => p.text ?? '').join('')

function read (body, _, request) {
  const tools = (body.tools ?? []).filter(t => t.type === 'function').map(t => t.function.name)
  const seen = blank({ model: body.model, stream: body.stream === true, tools, signs: request.provider === 'openrouter' })
  for (const m of body.messages) {
    if (m.role === 'system' || m.role === 'developer') seen.system += textOf(m.content)
    if (m.role === 'user') {
      seen.said.push(textOf(m.content))
      for (const p of Array.isArray(m.content) ? m.content : []) {
        if (p.type === 'image_url') seen.media.push(p.image_url.url ?? p.image_url)
      }
    }
    if (m.role === 'tool') seen.results.push({ id: m.tool_call_id, text: textOf(m.content) })
    for (const c of m.tool_calls ?? []) seen.calls.push({ id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) })
    for (const d of m.reasoning_details ?? []) if (d.signature) seen.signatures.push(d.signature)
  }
  seen.schema = body.response_format?.json_schema?.schema
  return seen
}

// Where each vendor puts the reasoning.
const reasoning = {
  groq: t => ({ reasoning: t.thought }),
  openrouter: t => ({ reasoning: t.thought, reasoning_details: [{ type: 'reasoning.text', text: t.thought, signature: t.signature, format: 'anthropic-claude-v1', index: 0 }] }),
  mistral: t => ({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: t.thought }] }] }),
  openai: () => ({})
}
const thoughtOf = (turn, provider) => turn.thought ? (reasoning[provider] ?? (t => ({ reasoning_content: t.thought })))(turn) : {}

const usageOf = u => ({
  prompt_tokens: u.input, completion_tokens: u.output, total_tokens: u.input + u.output,
  prompt_tokens_details: { cached_tokens: u.cached }, completion_tokens_details: { reasoning_tokens: u.reasoning }
})
const callOf = (c, index) => ({ index, id: c.id, type: 'function', function: { name: c.name, arguments: JSON.stringify(c.input) } })

function answer (turn, request) {
  const first = thoughtOf(turn, request.provider)
  const text = turn.pieces.join('') || null
  const message = { role: 'assistant', ...first, content: first.content ? [...first.content, ...(text ? [{ type: 'text', text }] : [])] : text }
  if (turn.calls.length) message.tool_calls = turn.calls.map((c, i) => { const { index, ...call } = callOf(c, i); return call })
  return {
    id: 'chatcmpl-1', object: 'chat.completion', created: 1700000000, model: turn.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: turn.calls.length ? 'tool_calls' : 'stop' }],
    usage: usageOf(turn.usage), system_fingerprint: 'fp_1', unknown_field: { kept: true }
  }
}

function stream (turn, write, request) {
  const chunk = (choices, extra) => write(`data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1700000000, model: turn.model, choices, ...extra })}\n\n`)
  const delta = (d, finish_reason = null, extra) => chunk([{ index: 0, delta: d, finish_reason }], extra)
  delta({ role: 'assistant', content: '' })
  if (turn.silent) return
  if (turn.thought) delta(thoughtOf(turn, request.provider))
  for (const content of turn.pieces) delta({ content })
  turn.calls.forEach((c, i) => {
    const whole = callOf(c, i)
    const half = whole.function.arguments.length >> 1
    if (request.provider === 'mistral') return delta({ content: '', tool_calls: [whole] }) // in one piece
    delta({ tool_calls: [{ ...whole, function: { name: c.name, arguments: '' } }] })
    for (const piece of [whole.function.arguments.slice(0, half), whole.function.arguments.slice(half)]) delta({ tool_calls: [{ index: i, function: { arguments: piece } }] })
  })
  const finish = turn.calls.length ? 'tool_calls' : 'stop'
  if (request.provider === 'mistral') {
    delta({ content: '' }, finish, { usage: usageOf(turn.usage) }) // never asked for, never apart
  } else {
    delta({}, finish, request.provider === 'groq' ? { x_groq: { id: 'req_1', usage: usageOf(turn.usage) } } : {})
    if (request.body.stream_options?.include_usage) chunk([], { usage: usageOf(turn.usage) })
  }
  write('data: [DONE]\n\n')
}

const error = (status, message) => ({ error: { message, type: 'test_error', param: null, code: 'test_code' } })

export default { name: 'chat', match: r => r.path.endsWith('/chat/completions') && { model: r.body.model }, read, answer, stream, error }
