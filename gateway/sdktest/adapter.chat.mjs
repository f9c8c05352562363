// The adapter (conversation.mjs) of the SDKs that speak chat completions: openai and its relatives.
import assert from 'node:assert/strict'

const usageOf = u => ({ input: u.prompt_tokens, cached: u.prompt_tokens_details?.cached_tokens, output: u.completion_tokens })

/** client() gives the SDK's client; classes are its error classes by status; extra goes into every request. */
export function adapter (client, classes, extra = {}) {
  return {
    begin: ({ system, text, image }) => [
      { role: 'system', content: system },
      { role: 'user', content: image ? [{ type: 'text', text }, { type: 'image_url', image_url: { url: 'data:image/png;base64,' + image } }] : text }
    ],

    async send ({ model, stream, tools, schema, think }, messages) {
      const body = {
        model, messages, ...extra,
        ...(tools && { tools: tools.map(f => ({ type: 'function', function: f })) }),
        ...(schema && { response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } } }),
        ...(think && { reasoning_effort: 'low' })
      }
      if (!stream) {
        const r = await client().chat.completions.create(body)
        return turnOf(r.choices[0].message, r.choices[0].finish_reason, r.usage)
      }
      return gather(await client().chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } }))
    },

    results: (calls, texts) => calls.map((c, i) => ({ role: 'tool', tool_call_id: c.id, content: texts[i] })),

    error (e, status) {
      const name = classes[status]
      assert.equal(e.constructor.name, name)
      if (status === 429) assert.equal(e.headers.get('retry-after'), '7')
      return { status: e.status, message: e.error.message ?? e.error.error?.message }
    }
  }
}

// What was reasoned is beside the content, or in it as one vendor writes it.
function turnOf (message, finish, usage) {
  const parts = Array.isArray(message.content) ? message.content : [{ type: 'text', text: message.content ?? '' }]
  return {
    text: parts.filter(p => p.type === 'text').map(p => p.text).join(''),
    thought: message.reasoning ?? parts.filter(p => p.type === 'thinking').flatMap(p => p.thinking).map(p => p.text).join(''),
    calls: (message.tool_calls ?? []).map(c => ({ id: c.id, name: c.function.name, input: JSON.parse(c.function.arguments) })),
    finish: finish === 'tool_calls' ? 'tools' : finish,
    usage: usageOf(usage),
    said: [message]
  }
}

/** gather puts a stream together as a client does that wants to send it back. */
export async function gather (stream) {
  const message = { role: 'assistant' }
  const parts = []
  let text = ''
  let finish, usage
  for await (const chunk of stream) {
    usage = chunk.usage ?? chunk.x_groq?.usage ?? usage
    const choice = chunk.choices[0]
    if (!choice) continue
    finish = choice.finish_reason ?? finish
    const { content, reasoning, tool_calls: toolCalls, reasoning_details: details } = choice.delta
    if (Array.isArray(content)) parts.push(...content)
    else if (content) text += content
    if (reasoning) message.reasoning = (message.reasoning ?? '') + reasoning
    for (const { index, ...c } of toolCalls ?? []) {
      const known = (message.tool_calls ??= [])[index]
      if (known) known.function.arguments += c.function.arguments
      else message.tool_calls[index] = c
    }
    for (const d of details ?? []) {
      const known = (message.reasoning_details ??= [])[d.index ?? 0]
      if (known) Object.assign(known, { ...d, text: (known.text ?? '') + (d.text ?? '') })
      else message.reasoning_details[d.index ?? 0] = { ...d }
    }
  }
  if (message.reasoning_details) message.reasoning_details = message.reasoning_details.filter(Boolean)
  message.content = parts.length ? [...parts, { type: 'text', text }] : text || null
  return turnOf(message, finish, usage)
}
