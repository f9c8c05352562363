// The wire formats that agents' requests arrive in, seen from a provider. Each wire is
//   matches(path)     whether a request path is its own
//   read(body)        what the request asks: {tools: [{name, schema, custom, namespace}], results: [text of a tool's result], texts: [instructions
//                     and messages], schema: of the answer, where one is set}
//   write(res, body, turn, path)  streams a turn, {call: {id, name, namespace, arguments or input}} or {text}, or answers it in one piece
//   error(status, message)  the provider's error body
// Turns that call a tool reason first, with the sealed thought that the format has for that.
import { frame } from './eventstream.mjs'

/** What the formats must carry back unchanged in the next request. */
export const seal = 'c2VhbGVkLXRob3VnaHQ='

export const usage = { input: 120, cached: 40, output: 9 }

const halves = text => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)]
const parts = content => typeof content === 'string' ? [{ type: 'text', text: content }] : content ?? []
const flat = content => parts(content).map(p => p.text ?? '').join('')

function json (res, value) {
  res.writeHead(200, { 'content-type': 'application/json' })
  res.end(JSON.stringify(value))
}

function sse (res) {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  return {
    data: value => res.write(`data: ${JSON.stringify(value)}\n\n`),
    event: value => res.write(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`),
    end: last => res.end(last)
  }
}

const messages = {
  matches: path => path.endsWith('/v1/messages'),
  read: body => ({
    tools: (body.tools ?? []).map(t => ({ name: t.name, schema: t.input_schema })),
    results: body.messages.flatMap(m => parts(m.content)).filter(p => p.type === 'tool_result').map(p => flat(p.content)),
    texts: [...parts(body.system), ...body.messages.flatMap(m => parts(m.content))].filter(p => p.type === 'text').map(p => p.text),
    schema: body.output_config?.format?.schema
  }),
  write (res, body, turn, path, out) {
    const input = { input_tokens: usage.input - usage.cached, cache_read_input_tokens: usage.cached, cache_creation_input_tokens: 0 }
    const stop_reason = turn.call ? 'tool_use' : 'end_turn'
    const blocks = turn.call
      ? [{ type: 'thinking', thinking: 'A marker is wanted.', signature: seal }, { type: 'tool_use', id: turn.call.id, name: turn.call.name, input: turn.call.arguments }]
      : [{ type: 'text', text: turn.text }]
    const message = { id: 'msg_01', type: 'message', role: 'assistant', model: body.model, content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } }
    if (!body.stream) return json(res, { ...message, content: blocks, stop_reason, usage: { ...input, output_tokens: usage.output } })
    out ??= sse(res)
    out.event({ type: 'message_start', message })
    out.event({ type: 'ping' })
    blocks.forEach((block, index) => {
      const delta = (type, field, text) => out.event({ type: 'content_block_delta', index, delta: { type, [field]: text } })
      if (block.type === 'thinking') {
        out.event({ type: 'content_block_start', index, content_block: { ...block, thinking: '', signature: '' } })
        for (const piece of halves(block.thinking)) delta('thinking_delta', 'thinking', piece)
        delta('signature_delta', 'signature', block.signature)
      } else if (block.type === 'tool_use') {
        out.event({ type: 'content_block_start', index, content_block: { ...block, input: {} } })
        for (const piece of halves(JSON.stringify(block.input))) delta('input_json_delta', 'partial_json', piece)
      } else {
        out.event({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } })
        for (const piece of halves(block.text)) delta('text_delta', 'text', piece)
      }
      out.event({ type: 'content_block_stop', index })
    })
    out.event({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: usage.output } })
    out.event({ type: 'message_stop' })
    out.end()
  },
  error: (status, message) => ({ type: 'error', error: { type: status === 401 ? 'authentication_error' : 'api_error', message } })
}

/** Anthropic's messages as Bedrock takes and gives them. */
const invoke = {
  matches: path => /\/model\/[^/]+\/invoke(-with-response-stream)?$/.test(path),
  read: messages.read,
  write (res, body, turn, path) {
    const model = decodeURIComponent(path.split('/').at(-2))
    if (path.endsWith('/invoke')) return messages.write(res, { ...body, model, stream: false }, turn)
    res.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
    messages.write(res, { ...body, model, stream: true }, turn, path, {
      event: value => res.write(frame('chunk', { bytes: Buffer.from(JSON.stringify(value)).toString('base64') })),
      end: () => res.end()
    })
  },
  error: (status, message) => ({ message })
}

const openaiError = (status, message) => ({ error: { message, type: 'invalid_request_error', param: null, code: status === 401 ? 'invalid_api_key' : null } })

const chat = {
  matches: path => path.endsWith('/chat/completions'),
  read: body => ({
    tools: (body.tools ?? []).map(t => ({ name: t.function.name, schema: t.function.parameters })),
    results: body.messages.filter(m => m.role === 'tool').map(m => flat(m.content)),
    texts: body.messages.filter(m => m.role !== 'tool').flatMap(m => parts(m.content)).map(p => p.text),
    schema: body.response_format?.json_schema?.schema
  }),
  write (res, body, turn) {
    const counts = {
      prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cached }
    }
    const call = turn.call && { id: turn.call.id, type: 'function', function: { name: turn.call.name, arguments: JSON.stringify(turn.call.arguments) } }
    const finish_reason = call ? 'tool_calls' : 'stop'
    const base = { id: 'chatcmpl-1', created: 1700000000, model: body.model }
    if (!body.stream) {
      const message = call ? { role: 'assistant', content: null, tool_calls: [call] } : { role: 'assistant', content: turn.text }
      return json(res, { ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage: counts })
    }
    const out = sse(res)
    const chunk = (choices, more) => out.data({ ...base, object: 'chat.completion.chunk', choices, ...more })
    const delta = (d, finish = null) => chunk([{ index: 0, delta: d, finish_reason: finish }])
    delta({ role: 'assistant', content: '' })
    if (call) {
      delta({ tool_calls: [{ index: 0, ...call, function: { name: call.function.name, arguments: '' } }] })
      for (const piece of halves(call.function.arguments)) delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] })
    } else for (const piece of halves(turn.text)) delta({ content: piece })
    delta({}, finish_reason)
    if (body.stream_options?.include_usage) chunk([], { usage: counts })
    out.end('data: [DONE]\n\n')
  },
  error: openaiError
}

// Tools come in the field of that name, or as an input item; namespaces hold further ones; custom ones take free text.
const offered = body => [...(body.tools ?? []), ...body.input.filter(i => i.type === 'additional_tools').flatMap(i => i.tools)]
const named = tool => tool.type === 'namespace'
  ? tool.tools.map(t => ({ ...named(t)[0], namespace: tool.name }))
  : [{ name: tool.name, schema: tool.parameters, custom: tool.type === 'custom' }]

const responses = {
  matches: path => path.endsWith('/responses'),
  read: body => ({
    tools: offered(body).filter(t => t.name).flatMap(named),
    results: body.input.filter(i => /^(function|custom_tool)_call_output$/.test(i.type)).map(i => flat(i.output)),
    texts: [body.instructions ?? '', ...body.input.filter(i => i.type === 'message').flatMap(i => parts(i.content)).map(p => p.text)],
    schema: body.text?.format?.schema
  }),
  write (res, body, turn) {
    const { id, name, namespace, input } = turn.call ?? {}
    const call = { call_id: id, status: 'completed', name, namespace }
    const items = turn.call
      ? [{ id: 'rs_' + id, type: 'reasoning', summary: [], encrypted_content: seal },
          input ? { id: 'ctc_' + id, type: 'custom_tool_call', ...call, input } : { id: 'fc_' + id, type: 'function_call', ...call, arguments: JSON.stringify(turn.call.arguments) }]
      : [{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: turn.text, annotations: [] }] }]
    const counts = {
      input_tokens: usage.input, input_tokens_details: { cached_tokens: usage.cached }, output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 3 }, total_tokens: usage.input + usage.output
    }
    const response = { id: 'resp_1', object: 'response', created_at: 1700000000, status: 'in_progress', model: body.model, output: [], usage: null }
    const completed = { ...response, status: 'completed', output: items, usage: counts }
    if (!body.stream) return json(res, completed)
    const out = sse(res)
    let sequence_number = 0
    const event = (type, value) => out.event({ type, sequence_number: sequence_number++, ...value })
    event('response.created', { response })
    event('response.in_progress', { response })
    items.forEach((item, output_index) => {
      const at = { item_id: item.id, output_index }
      if (item.type === 'function_call') {
        event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', arguments: '' } })
        for (const delta of halves(item.arguments)) event('response.function_call_arguments.delta', { ...at, delta })
        event('response.function_call_arguments.done', { ...at, arguments: item.arguments })
      } else if (item.type === 'custom_tool_call') {
        event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', input: '' } })
        for (const delta of halves(item.input)) event('response.custom_tool_call_input.delta', { ...at, delta })
        event('response.custom_tool_call_input.done', { ...at, input: item.input })
      } else if (item.type === 'message') {
        const text = item.content[0].text
        event('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } })
        event('response.content_part.added', { ...at, content_index: 0, part: { ...item.content[0], text: '' } })
        for (const delta of halves(text)) event('response.output_text.delta', { ...at, content_index: 0, delta })
        event('response.output_text.done', { ...at, content_index: 0, text })
        event('response.content_part.done', { ...at, content_index: 0, part: item.content[0] })
      } else event('response.output_item.added', { output_index, item: { ...item, encrypted_content: '' } })
      event('response.output_item.done', { output_index, item })
    })
    event('response.completed', { response: completed })
    out.end()
  },
  error: openaiError
}

const generate = {
  matches: path => /:(generateContent|streamGenerateContent)$/.test(path),
  read: body => ({
    tools: (body.tools ?? []).flatMap(t => t.functionDeclarations ?? []).map(f => ({ name: f.name, schema: f.parametersJsonSchema ?? f.parameters })),
    results: body.contents.flatMap(c => c.parts).filter(p => p.functionResponse).map(p => JSON.stringify(p.functionResponse.response)),
    texts: [...(body.systemInstruction?.parts ?? []), ...body.contents.flatMap(c => c.parts)].filter(p => p.text && !p.thought).map(p => p.text),
    schema: body.generationConfig?.responseJsonSchema
  }),
  write (res, body, turn, path) {
    const parts = turn.call
      ? [{ text: 'A marker is wanted.', thought: true }, { functionCall: { name: turn.call.name, args: turn.call.arguments }, thoughtSignature: seal }]
      : halves(turn.text).map(text => ({ text }))
    const usageMetadata = {
      promptTokenCount: usage.input, cachedContentTokenCount: usage.cached, candidatesTokenCount: usage.output - 3, thoughtsTokenCount: 3,
      totalTokenCount: usage.input + usage.output
    }
    const answer = (parts, more) => ({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], usageMetadata, modelVersion: path.match(/models\/(.+):/)[1], responseId: 'r1' })
    if (path.endsWith(':generateContent')) return json(res, answer(parts, { finishReason: 'STOP' }))
    const out = sse(res)
    parts.forEach((part, i) => out.data(answer([part], i === parts.length - 1 ? { finishReason: 'STOP' } : {})))
    out.end()
  },
  error: (status, message) => ({ error: { code: status, message, status: status === 401 ? 'UNAUTHENTICATED' : 'INTERNAL' } })
}

/** Token counts, of Anthropic's and of Gemini's kind. */
const count = {
  matches: path => /(\/count_tokens|:countTokens)$/.test(path),
  read: () => ({ tools: [], results: [], texts: [] }),
  write: res => json(res, { input_tokens: 1234, totalTokens: 1234 }),
  error: (status, message) => ({ error: { message } })
}

export const wires = { messages, invoke, chat, responses, generate, count }
