// What the real services refuse, as far as agents' requests can run into it. Each takes a body and gives the reason to
// refuse it, or undefined.

const chatFields = words(`model messages tools tool_choice stream stream_options max_tokens max_completion_tokens temperature top_p n stop
  presence_penalty frequency_penalty logit_bias logprobs top_logprobs user safety_identifier prompt_cache_key prompt_cache_retention
  response_format seed parallel_tool_calls reasoning_effort verbosity store metadata service_tier modalities audio prediction web_search_options`)
const responsesFields = words(`model input instructions tools tool_choice parallel_tool_calls stream stream_options reasoning text store include
  prompt_cache_key prompt_cache_retention client_metadata metadata max_output_tokens max_tool_calls temperature top_p top_logprobs
  previous_response_id conversation background truncation user safety_identifier service_tier context_management`)
const messagesFields = words(`model messages system tools tool_choice max_tokens stream metadata thinking temperature top_p top_k stop_sequences
  service_tier container mcp_servers context_management output_config output_format`)
const generateFields = words('contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent labels')
const schemaFields = words(`type format title description nullable enum maxItems minItems properties required minProperties maxProperties
  minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum`)

function words (text) { return new Set(text.split(/\s+/)) }

const unknown = (body, fields) => Object.keys(body).find(name => !fields.has(name))
const badName = (tools, length) => tools.map(t => t.name).find(name => !new RegExp(`^[a-zA-Z0-9_-]{1,${length}}$`).test(name))

function tooLong (body) {
  const name = ['user', 'safety_identifier', 'prompt_cache_key'].find(name => body[name]?.length > 64)
  return name && `Invalid '${name}': string too long. Expected a string with maximum length 64, but got a string with length ${body[name].length} instead.`
}

export const rules = {
  chat (body) {
    const field = unknown(body, chatFields)
    if (field) return `Unrecognized request argument supplied: ${field}`
    const name = badName((body.tools ?? []).map(t => t.function), 64)
    if (name) return `Invalid 'tools[].function.name': ${name}`
    const calls = body.messages.flatMap(m => m.tool_calls ?? []).map(c => c.id)
    const answers = body.messages.filter(m => m.role === 'tool').map(m => m.tool_call_id)
    if (calls.join() !== answers.join()) return `tool_calls ${calls} must be followed by tool messages, not by ${answers}`
    if (calls.some(id => id.length > 40)) return `Invalid 'tool_calls[].id': string too long: ${calls}`
    return tooLong(body)
  },
  responses (body) {
    const field = unknown(body, responsesFields)
    if (field) return `Unknown parameter: '${field}'.`
    return tooLong(body)
  },
  messages (body) {
    const field = unknown(body, messagesFields)
    if (field) return `${field}: Extra inputs are not permitted`
    if (!(body.max_tokens > 0)) return 'max_tokens: Field required'
    if (body.thinking?.budget_tokens >= body.max_tokens) return '`max_tokens` must be greater than `thinking.budget_tokens`'
    if (body.temperature != null && body.top_p != null) return '`temperature` and `top_p` cannot both be specified for this model.'
    const name = badName(body.tools ?? [], 128)
    if (name) return `tools.name: String should match pattern: ${name}`
    const empty = body.messages.flatMap(m => Array.isArray(m.content) ? m.content : []).some(p => p.type === 'text' && !p.text)
    if (empty) return 'messages: text content blocks must be non-empty'
  },
  invoke (body) {
    const { anthropic_version, anthropic_beta, ...rest } = body
    if (anthropic_version !== 'bedrock-2023-05-31') return `anthropic_version: ${anthropic_version}`
    if ('model' in rest || 'stream' in rest) return 'model: Extra inputs are not permitted'
    return rules.messages(rest)
  },
  generate (body) {
    const field = unknown(body, generateFields)
    if (field) return `Invalid JSON payload received. Unknown name "${field}": Cannot find field.`
    const foreign = (body.tools ?? []).flatMap(t => t.functionDeclarations ?? []).map(f => f.parameters && foreignField(f.parameters)).find(Boolean)
    if (foreign) return `Invalid JSON payload received. Unknown name "${foreign}" at 'tools[0].function_declarations[0].parameters': Cannot find field.`
  },
  count () {}
}

// foreignField finds a keyword that the subset of OpenAPI for function parameters does not have.
function foreignField (schema) {
  const field = unknown(schema, schemaFields)
  if (field) return field
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.anyOf ?? []), ...(schema.items ? [schema.items] : [])]
  return inner.map(foreignField).find(Boolean)
}
