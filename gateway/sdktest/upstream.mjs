// A provider of our own for the SDK tests: OpenAI's chat completions and Anthropic's messages on one port, plain and
// streamed, with tools and errors. It remembers what it was asked.
import http from 'node:http'

const words = ['Heim', 'dall ', 'sees ', 'all: ', 'ä€🦉']
const text = words.join('')

/** start() → {url, requests, open(), close()} */
export async function start () {
  const requests = []
  let open = 0
  const server = http.createServer(async (req, res) => {
    let body = ''
    for await (const piece of req) body += piece
    const json = body ? JSON.parse(body) : null
    requests.push({ method: req.method, url: req.url, headers: req.headers, body: json })
    open++
    res.on('close', () => { open-- })
    if (req.url.endsWith('/models') || req.url.includes('/models?')) return send(res, 200, { object: 'list', data: [{ id: 'small' }, { id: 'large' }] })
    const failing = /^fail-(\d+)$/.exec(json?.model ?? '')
    if (req.url.endsWith('/chat/completions')) return failing ? send(res, +failing[1], openaiError(+failing[1])) : chat(res, json)
    if (req.url.endsWith('/messages')) return failing ? send(res, +failing[1], anthropicError(+failing[1])) : messages(res, json)
    send(res, 404, { error: { message: 'no such path ' + req.url } })
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    open: () => open,
    close: () => { server.closeAllConnections(); return new Promise(resolve => server.close(resolve)) }
  }
}

function send (res, status, value) {
  res.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_upstream' })
  res.end(JSON.stringify(value))
}

const openaiError = status => ({ error: { message: `upstream says ${status}`, type: 'test_error', param: null, code: 'test_code' } })
const anthropicError = status => ({ type: 'error', error: { type: status === 429 ? 'rate_limit_error' : 'api_error', message: `upstream says ${status}` } })

const wantsTool = json => json.tools?.length && !json.messages.some(m => m.role === 'tool' || (Array.isArray(m.content) && m.content.some(p => p.type === 'tool_result')))

function chat (res, json) {
  const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, prompt_tokens_details: { cached_tokens: 4 } }
  const base = { id: 'chatcmpl-1', created: 1700000000, model: json.model }
  const call = wantsTool(json) ? { id: 'call_1', type: 'function', function: { name: json.tools[0].function.name, arguments: '{"city":"Oslo"}' } } : null
  const finish = call ? 'tool_calls' : 'stop'
  if (!json.stream) {
    const message = call ? { role: 'assistant', content: null, tool_calls: [call] } : { role: 'assistant', content: text }
    return send(res, 200, { ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage, unknown_field: { kept: true } })
  }
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const chunk = (choices, extra) => res.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, ...extra })}\n\n`)
  const delta = (d, finish_reason = null) => chunk([{ index: 0, delta: d, finish_reason }])
  delta({ role: 'assistant', content: '' })
  if (json.model === 'silent') return
  if (call) {
    delta({ tool_calls: [{ index: 0, ...call, function: { name: call.function.name, arguments: '' } }] })
    for (const piece of ['{"city"', ':"Oslo"}']) delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] })
  } else for (const w of words) delta({ content: w })
  delta({}, finish)
  if (json.stream_options?.include_usage) chunk([], { usage })
  res.end('data: [DONE]\n\n')
}

function messages (res, json) {
  const usage = { input_tokens: 7, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 7 }
  const call = wantsTool(json) ? { type: 'tool_use', id: 'toolu_1', name: json.tools[0].name, input: { city: 'Oslo' } } : null
  const base = { id: 'msg_1', type: 'message', role: 'assistant', model: json.model, stop_sequence: null }
  const stop_reason = call ? 'tool_use' : 'end_turn'
  if (!json.stream) return send(res, 200, { ...base, content: [call ?? { type: 'text', text }], stop_reason, usage, unknown_field: { kept: true } })
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  const event = (type, value) => res.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...value })}\n\n`)
  event('message_start', { message: { ...base, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } } })
  event('ping', {})
  if (json.model === 'silent') return
  if (call) {
    event('content_block_start', { index: 0, content_block: { ...call, input: {} } })
    for (const partial_json of ['{"city"', ':"Oslo"}']) event('content_block_delta', { index: 0, delta: { type: 'input_json_delta', partial_json } })
  } else {
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    for (const w of words) event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: w } })
  }
  event('content_block_stop', { index: 0 })
  event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 7 } })
  event('message_stop', {})
  res.end()
}

export const answer = text
