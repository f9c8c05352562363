// Providers of our own for the SDK tests, on one port: every wire format that the gateway speaks upstream, plain and
// streamed. They behave like one scripted model and refuse what a real provider would refuse: a tool result that belongs
// to no call, arguments that changed on the way, reasoning that came back without its signature. What the model does is
// in its name:
//   fail-429   that status, with an error in the wire format's own shape
//   silent     begins a stream and says nothing more
//   parallel   calls the tool twice at once
//   thinking   reasons, and signs what it reasoned
// Any other model calls the first tool that it is given, and answers when it has the result. Asked for JSON by a schema
// it answers JSON.
import http from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import chat from './upstream/chat.mjs'
import coherechat from './upstream/coherechat.mjs'
import completions from './upstream/completions.mjs'
import converse from './upstream/converse.mjs'
import generate from './upstream/generate.mjs'
import messages from './upstream/messages.mjs'
import responses from './upstream/responses.mjs'
import unary from './upstream/unary.mjs'

const dialects = [unary, converse, generate, coherechat, responses, messages, completions, chat]

const words = ['Heim', 'dall ', 'sees ', 'all: ', 'ä€🦉']
const json = ['{"city"', ':"Oslo"}']
export const answer = words.join('')
export const thought = 'The guest wants to know who is there.'
export const signature = 'c2lnbmVkLWJ5LW91ci1vd24tbW9kZWw='
export const calls = [
  { id: 'callOslo1', name: 'weather', input: { city: 'Oslo' } },
  { id: 'callBerg2', name: 'weather', input: { city: 'Bergen' } }
]

/**
 * start() → {url, requests, last(), open(), close()}. Each provider is at url + '/' + its name. A request is {method, url,
 * headers, body, provider, path, seen}; upstream/seen.mjs says what seen is.
 */
export async function start () {
  const requests = []
  let open = 0
  const server = http.createServer(async (req, res) => {
    open++
    res.on('close', () => { open-- })
    let text = ''
    for await (const piece of req) text += piece
    const url = new URL(req.url, 'http://upstream')
    const request = { method: req.method, url: req.url, headers: req.headers, body: parsed(text), provider: url.pathname.split('/')[1], path: url.pathname, query: url.searchParams }
    requests.push(request)
    try {
      serve(request, res)
    } catch (error) {
      request.broken = error
      send(res, 400, { error: { message: 'the scripted upstream cannot read this: ' + error.message }, message: 'the scripted upstream cannot read this: ' + error.message })
    }
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    last: () => requests.at(-1),
    open: () => open,
    close: () => { server.closeAllConnections(); return new Promise(resolve => server.close(resolve)) }
  }
}

function parsed (text) {
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return text
  }
}

function serve (request, res) {
  for (const dialect of dialects) {
    const route = dialect.match(request)
    if (!route) continue
    request.dialect = dialect.name
    const fails = /fail-(\d+)/.exec(route.model ?? request.body?.model ?? '')
    if (fails) return refuse(res, dialect, +fails[1], 'upstream says ' + fails[1])
    if (route.serve) {
      const [status, body, headers] = route.serve(request)
      return send(res, status, body, headers)
    }
    return converseWith(dialect, request, route, res)
  }
  send(res, 404, { error: { message: `no such path: ${request.method} ${request.url}`, type: 'not_found', code: 404 } })
}

function converseWith (dialect, request, route, res) {
  const seen = request.seen = { provider: request.provider, dialect: dialect.name, ...dialect.read(request.body, route, request) }
  const wrong = refusal(seen)
  if (wrong) return refuse(res, dialect, 400, wrong)
  const turn = next(seen)
  if (!seen.stream) return send(res, 200, dialect.answer(turn, request))
  res.writeHead(200, { 'content-type': dialect.contentType ?? 'text/event-stream', 'request-id': 'req_upstream' })
  dialect.stream(turn, bytes => res.write(bytes), request)
  if (!turn.silent) res.end()
}

// The ids of tool calls that a provider takes, where it is particular about them.
const ids = { mistral: /^[a-zA-Z0-9]{9}$/, anthropic: /^[a-zA-Z0-9_-]+$/, bedrock: /^[a-zA-Z0-9_-]{1,64}$/ }

/** refusal is why a real provider would not take the conversation, or undefined. */
function refusal (seen) {
  for (const call of seen.calls) {
    if (!calls.some(c => c.name === call.name && isDeepStrictEqual(c.input, call.input))) return `the history has a tool call ${JSON.stringify(call)} that was never made`
    if (ids[seen.provider] && !ids[seen.provider].test(call.id)) return `${seen.provider} takes no tool call with the id ${call.id}`
  }
  if (new Set(seen.calls.map(c => c.id ?? {})).size < seen.calls.length) return 'two tool calls have the same id'
  if (seen.calls.length !== seen.results.length) return `${seen.calls.length} tool calls have ${seen.results.length} results`
  for (const [i, result] of seen.results.entries()) {
    if (result.id !== seen.calls[i].id || (result.name ?? seen.calls[i].name) !== seen.calls[i].name) return `the tool result ${JSON.stringify(result)} is not for ${JSON.stringify(seen.calls[i])}`
  }
  if (seen.signs && seen.results.length && seen.model.includes('thinking') && !isDeepStrictEqual(seen.signatures, [signature])) {
    return `the reasoning came back with the signatures ${JSON.stringify(seen.signatures)}`
  }
}

/** next is the model's turn: {model, silent, thought, signature, pieces, calls, usage}. */
function next (seen) {
  const wants = seen.tools.length && !seen.results.length
  const thinking = seen.model.includes('thinking')
  return {
    model: seen.model,
    silent: seen.model.includes('silent'),
    thought: thinking && !seen.results.length ? thought : undefined,
    signature,
    pieces: wants ? [] : seen.schema ? json : words,
    calls: wants ? calls.slice(0, seen.model.includes('parallel') ? 2 : 1).map(c => ({ ...c, name: seen.tools[0] })) : [],
    usage: { input: 11, cached: 4, output: 7, reasoning: thinking ? 3 : 0 }
  }
}

function refuse (res, dialect, status, message) {
  const headers = { ...(status === 429 && { 'retry-after': '7' }), ...dialect.errorHeaders?.(status) }
  send(res, status, dialect.error(status, message), headers)
}

function send (res, status, value, headers = {}) {
  const bytes = JSON.stringify(value)
  res.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_upstream', 'content-length': Buffer.byteLength(bytes), ...headers })
  res.end(bytes)
}
