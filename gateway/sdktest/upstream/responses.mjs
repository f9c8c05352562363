// OpenAI's responses. https://platform.openai.com/docs/api-reference/responses
import { seen as blank } from './seen.mjs'

const textOf = content => typeof content === 'string' ? content : (content ?? []).map(p => p.text ?? '').join('')

function read (body) {
  const seen = blank({ model: body.model, stream: body.stream === true, system: body.instructions ?? '', signs: true })
  for (const t of body.tools ?? []) {
    if (t.type === 'function') seen.tools.push(t.name)
    if (t.type === 'namespace') seen.tools.push(...t.tools.map(n => n.name))
  }
  for (const item of typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : body.input) {
    if (item.type === 'function_call') seen.calls.push({ id: item.call_id, name: item.name, input: JSON.parse(item.arguments) })
    if (item.type === 'function_call_output') seen.results.push({ id: item.call_id, text: textOf(item.output) })
    if (item.type === 'reasoning') seen.signatures.push(item.encrypted_content)
    if (item.role === 'system' || item.role === 'developer') seen.system += textOf(item.content)
    if (item.role === 'user') {
      seen.said.push(textOf(item.content))
      for (const p of Array.isArray(item.content) ? item.content : []) if (p.type === 'input_image') seen.media.push(p.image_url)
    }
  }
  seen.schema = body.text?.format?.schema
  return seen
}

const usageOf = u => ({
  input_tokens: u.input, input_tokens_details: { cached_tokens: u.cached }, output_tokens: u.output,
  output_tokens_details: { reasoning_tokens: u.reasoning }, total_tokens: u.input + u.output
})

// As the real one: what was reasoned comes encrypted only to those who ask for it.
function output (turn, body) {
  const items = []
  const encrypted = (body.include ?? []).includes('reasoning.encrypted_content') ? { encrypted_content: turn.signature } : {}
  if (turn.thought) items.push({ id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: turn.thought }], ...encrypted })
  const content = [{ type: 'output_text', text: turn.pieces.join(''), annotations: [], logprobs: [] }]
  if (turn.pieces.length) items.push({ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content })
  for (const c of turn.calls) items.push({ id: 'fc_' + c.id, type: 'function_call', status: 'completed', call_id: c.id, name: c.name, arguments: JSON.stringify(c.input) })
  return items
}

function answer (turn, { body }) {
  return {
    id: 'resp_1', object: 'response', created_at: 1700000000, status: 'completed', background: false, error: null, incomplete_details: null,
    instructions: body.instructions ?? null, max_output_tokens: body.max_output_tokens ?? null, model: turn.model, output: output(turn, body),
    parallel_tool_calls: true, previous_response_id: null, reasoning: { effort: null, summary: null }, store: body.store ?? true,
    temperature: 1, text: { format: { type: 'text' } }, tool_choice: 'auto', tools: body.tools ?? [], top_p: 1, truncation: 'disabled',
    usage: usageOf(turn.usage), user: null, metadata: {}, unknown_field: { kept: true }
  }
}

function stream (turn, write, request) {
  let sequence_number = 0
  const event = (type, value) => write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence_number++, ...value })}\n\n`)
  const whole = answer(turn, request)
  const begun = { ...whole, status: 'in_progress', output: [], usage: null }
  event('response.created', { response: begun })
  event('response.in_progress', { response: begun })
  if (turn.silent) return
  whole.output.forEach((item, output_index) => items[item.type](item, { item_id: item.id, output_index }, event, turn))
  event('response.completed', { response: whole })
}

const items = {
  reasoning (item, at, event) {
    const { encrypted_content, ...plain } = item
    event('response.output_item.added', { output_index: at.output_index, item: { ...plain, summary: [] } })
    const part = item.summary[0]
    event('response.reasoning_summary_part.added', { ...at, summary_index: 0, part: { ...part, text: '' } })
    event('response.reasoning_summary_text.delta', { ...at, summary_index: 0, delta: part.text })
    event('response.reasoning_summary_text.done', { ...at, summary_index: 0, text: part.text })
    event('response.reasoning_summary_part.done', { ...at, summary_index: 0, part })
    event('response.output_item.done', { output_index: at.output_index, item })
  },
  message (item, at, event, turn) {
    const part = item.content[0]
    event('response.output_item.added', { output_index: at.output_index, item: { ...item, status: 'in_progress', content: [] } })
    event('response.content_part.added', { ...at, content_index: 0, part: { ...part, text: '' } })
    for (const delta of turn.pieces) event('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [], obfuscation: 'x' })
    event('response.output_text.done', { ...at, content_index: 0, text: part.text, logprobs: [] })
    event('response.content_part.done', { ...at, content_index: 0, part })
    event('response.output_item.done', { output_index: at.output_index, item })
  },
  function_call (item, at, event) {
    event('response.output_item.added', { output_index: at.output_index, item: { ...item, status: 'in_progress', arguments: '' } })
    for (const delta of [item.arguments.slice(0, 5), item.arguments.slice(5)]) event('response.function_call_arguments.delta', { ...at, delta })
    event('response.function_call_arguments.done', { ...at, arguments: item.arguments, name: item.name })
    event('response.output_item.done', { output_index: at.output_index, item })
  }
}

// What was stored under an id: always the same answer.
const once = { input: 11, cached: 4, output: 7, reasoning: 0 }
const stored = r => answer({ model: 'gpt-stored', pieces: ['stored'], calls: [], usage: once }, { ...r, body: {} })

function match (r) {
  const tail = /\/responses(?:\/(.*))?$/.exec(r.path)
  if (!tail) return
  const [, rest] = tail
  const on = `${r.method} ${rest ?? ''}`
  const ok = value => ({ model: r.body?.model, serve: () => [200, value] })
  if (on === 'POST ') return { model: r.body.model }
  if (on === 'POST input_tokens') return ok({ object: 'response.input_tokens', input_tokens: 42 })
  if (on === 'POST compact') return ok({ id: 'resp_2', object: 'response.compaction', created_at: 1700000000, output: [{ id: 'cmp_1', type: 'compaction', encrypted_content: 'small' }], usage: usageOf(once) })
  if (on === 'GET resp_1') return ok(stored(r))
  if (on === 'DELETE resp_1') return ok({ id: 'resp_1', object: 'response.deleted', deleted: true })
  if (on === 'POST resp_1/cancel') return ok({ ...stored(r), status: 'cancelled' })
  const asked = { id: 'msg_0', type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hvem der?' }] }
  if (on === 'GET resp_1/input_items') return ok({ object: 'list', data: [asked], first_id: asked.id, last_id: asked.id, has_more: false })
  return { serve: () => [404, error(404, `no response at ${r.path}`)] }
}

const error = (status, message) => ({ error: { message, type: 'test_error', param: null, code: 'test_code' } })

export default { name: 'responses', match, read, answer, stream, error }
