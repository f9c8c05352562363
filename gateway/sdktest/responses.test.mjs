// The openai SDK's responses, on their own provider and synthesised for those that have only chat.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import { clientKey, conversations, model, only, world } from './conversation.mjs'
import { answer, signature } from './upstream.mjs'

const w = world()
const client = (base = '/openai/v1') => new OpenAI({ baseURL: w.gateway.url + base, apiKey: clientKey, maxRetries: 0 })
const classes = { 400: OpenAI.BadRequestError, 401: OpenAI.AuthenticationError, 429: OpenAI.RateLimitError, 500: OpenAI.InternalServerError, 529: OpenAI.InternalServerError }

const adapter = {
  begin: ({ system, text, image }) => [
    { role: 'developer', content: system },
    { role: 'user', content: image ? [{ type: 'input_text', text }, { type: 'input_image', image_url: 'data:image/png;base64,' + image, detail: 'auto' }] : text }
  ],

  async send ({ model, stream, tools, schema, think }, input) {
    const body = {
      model, input, store: false,
      ...(tools && { tools: tools.map(f => ({ type: 'function', strict: true, ...f })) }),
      ...(schema && { text: { format: { type: 'json_schema', name: 'city', schema, strict: true } } }),
      ...(think && { reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'] })
    }
    if (!stream) return turnOf(await client().responses.create(body))
    return turnOf(whole(await collect(await client().responses.create({ ...body, stream: true }))))
  },

  results: (calls, texts) => calls.map((c, i) => ({ type: 'function_call_output', call_id: c.id, output: texts[i] })),

  error (e, status) {
    assert.ok(e instanceof classes[status], `${e.constructor.name} for ${status}`)
    return { status: e.status, message: e.message }
  }
}

function turnOf (r) {
  assert.equal(r.status, 'completed')
  const calls = r.output.filter(i => i.type === 'function_call').map(i => ({ id: i.call_id, name: i.name, input: JSON.parse(i.arguments) }))
  return {
    text: r.output.filter(i => i.type === 'message').flatMap(i => i.content).map(p => p.text).join(''),
    thought: r.output.filter(i => i.type === 'reasoning').flatMap(i => i.summary).map(p => p.text).join(''),
    calls,
    finish: calls.length ? 'tools' : 'stop',
    usage: { input: r.usage.input_tokens, cached: r.usage.input_tokens_details.cached_tokens, output: r.usage.output_tokens },
    said: r.output
  }
}

async function collect (stream) {
  const events = []
  for await (const e of stream) events.push(e)
  return events
}

/** whole checks that a stream is one: each part opened, filled and closed, and told again as a whole at the end. */
function whole (events) {
  assert.deepEqual(events.map(e => e.sequence_number), events.map((_, i) => i))
  assert.equal(events[0].type, 'response.created')
  const last = events.at(-1)
  assert.equal(last.type, 'response.completed')
  const of = type => events.filter(e => e.type === type)
  const text = i => of('response.output_text.delta').filter(e => e.output_index === i).map(e => e.delta).join('')
  const args = i => of('response.function_call_arguments.delta').filter(e => e.output_index === i).map(e => e.delta).join('')
  for (const [i, item] of last.response.output.entries()) {
    assert.equal(of('response.output_item.added').filter(e => e.output_index === i && e.item.type === item.type).length, 1, `item ${i} begins once`)
    assert.deepEqual(of('response.output_item.done').find(e => e.output_index === i)?.item, item)
    if (item.type === 'message') assert.equal(text(i), item.content.map(p => p.text).join(''))
    if (item.type === 'function_call') assert.equal(args(i), item.arguments)
  }
  return last.response
}

describe('responses at /openai/v1', () => {
  conversations(w, adapter, 'openai', kind => model('openai', kind))
  for (const provider of ['anthropic', 'gemini', 'bedrock', 'cohere', 'mistral', 'groq', 'openrouter', 'azure']) conversations(w, adapter, provider)

  test('the SDK’s own helpers read the stream', async () => {
    for (const name of ['gpt-small', 'anthropic/claude-small']) {
      const r = await client().responses.stream({ model: name, input: 'Hvem der?' }).finalResponse()
      assert.equal(r.output_text, answer)
    }
  })
})

for (const base of ['/openai', '/v1', '/litellm/v1', '/langchain', '/pydanticai/v1']) {
  test(`responses at ${base}`, async () => {
    for (const name of ['openai/gpt-small', 'anthropic/claude-small']) {
      const r = await client(base).responses.create({ model: name, input: 'Hvem der?' })
      assert.equal(r.output_text, answer)
    }
  })
}

describe('what passes through', () => {
  test('all that a coding agent sends, and the answer’s unknown fields', async () => {
    const body = {
      model: 'gpt-small', instructions: 'Be brief.', store: false, include: ['reasoning.encrypted_content'], prompt_cache_key: 'k', client_metadata: { a: 'b' }, parallel_tool_calls: true,
      reasoning: { effort: 'medium', summary: 'auto' }, tool_choice: 'auto', stream: false, brand_new_knob: [1],
      tools: [{ type: 'namespace', name: 'fs', tools: [{ type: 'function', name: 'read', parameters: { type: 'object', properties: {} } }] }, { type: 'web_search' }, { type: 'from_2027', x: 1 }],
      input: [
        { role: 'developer', content: [{ type: 'input_text', text: 'Rules.' }] }, { role: 'user', content: [{ type: 'input_text', text: 'Hvem der?' }] },
        { type: 'reasoning', id: 'rs_0', summary: [], encrypted_content: signature }, { type: 'from_2027', y: 2 }
      ]
    }
    const [r, got] = await only(w, 'openai', () => client().responses.create(body, { headers: { 'X-Codex-Turn': 't1', 'Session-Id': 's1', 'OpenAI-Beta': 'responses=experimental' } }))
    assert.deepEqual(got.body, body)
    assert.equal(got.headers['openai-beta'], 'responses=experimental')
    assert.deepEqual(r.unknown_field, { kept: true })
  })

  test('stored responses: get, items, cancel, delete', async () => {
    const one = call => only(w, 'openai', call).then(([value, got]) => [value, `${got.method} ${got.path}`])
    const { responses } = client()
    const [got, onGet] = await one(() => responses.retrieve('resp_1'))
    assert.deepEqual([got.output_text ?? got.output[0].content[0].text, onGet], ['stored', 'GET /openai/v1/responses/resp_1'])
    const [items, onItems] = await one(() => responses.inputItems.list('resp_1'))
    assert.deepEqual([items.data[0].id, onItems], ['msg_0', 'GET /openai/v1/responses/resp_1/input_items'])
    const [cancelled, onCancel] = await one(() => responses.cancel('resp_1'))
    assert.deepEqual([cancelled.status, onCancel], ['cancelled', 'POST /openai/v1/responses/resp_1/cancel'])
    const [, onDelete] = await one(() => responses.delete('resp_1'))
    assert.equal(onDelete, 'DELETE /openai/v1/responses/resp_1')
    await assert.rejects(responses.retrieve('resp_none'), OpenAI.NotFoundError)
  })

  test('compact', async () => {
    const [r] = await only(w, 'openai', () => client().responses.compact({ model: 'gpt-small', input: [{ role: 'user', content: 'Hvem der?' }] }))
    assert.equal(r.object, 'response.compaction')
    assert.equal(r.output[0].encrypted_content, 'small')
  })

  test('tokens are counted, on another provider too', async () => {
    for (const name of ['gpt-small', 'anthropic/claude-small', 'gemini/gemini-small']) {
      const r = await client().responses.inputTokens.count({ model: name, input: 'Hvem der?' })
      assert.deepEqual([name, r.input_tokens, r.object], [name, 42, 'response.input_tokens'])
    }
  })
})
