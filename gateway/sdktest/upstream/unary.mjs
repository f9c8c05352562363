// What answers in one piece: embeddings, rerank, tokens, lists of models, and OpenAI's old completions.
const vector = [0.5, -0.25, 0.125]
const base64 = values => Buffer.from(Float32Array.from(values).buffer).toString('base64')
const list = one => Array.isArray(one) ? one : [one]

/** embeddings of OpenAI's shape: as floats, or packed where they were asked for packed. */
function embeddings (r) {
  r.inputs = list(r.body.input)
  const embedding = r.body.encoding_format === 'base64' ? base64(vector) : vector
  const data = r.inputs.map((_, index) => ({ object: 'embedding', index, embedding }))
  return [200, { id: 'embd-1', object: 'list', data, model: r.body.model, usage: { prompt_tokens: 5, total_tokens: 5 } }]
}

function embed (r) {
  r.inputs = r.body.texts ?? (r.body.inputs ?? []).map(i => i.content.map(p => p.text).join(''))
  const float = r.inputs.map(() => vector)
  return [200, { id: 'e1', texts: r.inputs, embeddings: { float }, response_type: 'embeddings_by_type', meta: { api_version: { version: '2' }, billed_units: { input_tokens: 5 } } }]
}

function rerank (r) {
  const results = r.body.documents.map((_, index) => ({ index, relevance_score: index / 4 })).reverse().slice(0, r.body.top_n)
  return [200, { id: 'r1', results, meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } } }]
}

const models = {
  gemini: () => ({ models: ['models/gemini-small', 'models/gemini-large'].map(name => ({ name, displayName: name, supportedGenerationMethods: ['generateContent'] })) }),
  anthropic: () => ({
    data: ['claude-small', 'claude-large'].map(id => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' })),
    has_more: false, first_id: 'claude-small', last_id: 'claude-large'
  }),
  cohere: () => ({ models: ['command-small', 'command-large'].map(name => ({ name, endpoints: ['chat'] })) }),
  bedrock: () => ({ modelSummaries: [{ modelId: 'anthropic.claude-small-v1:0', modelName: 'small', providerName: 'Anthropic', inferenceTypesSupported: ['ON_DEMAND'] }] })
}
const plain = () => ({ object: 'list', data: ['small', 'large'].map(id => ({ id, object: 'model', created: 1700000000, owned_by: 'us' })) })

const routes = [
  ['POST', /\/embeddings$/, embeddings],
  ['POST', /\/v2\/embed$/, embed],
  ['POST', /\/rerank$/, rerank],
  ['POST', /\/v1\/tokenize$/, () => [200, { tokens: [9707, 11], token_strings: ['Heim', 'dall'], meta: { api_version: { version: '1' } } }]],
  ['GET', /\/(models|foundation-models)$/, r => [200, (models[r.provider] ?? plain)()]]
]

function match (r) {
  for (const [method, path, serve] of routes) if (r.method === method && path.test(r.path)) return { model: r.body?.model, serve }
}

export default {
  name: 'unary', match,
  error: (_, message) => ({ error: { message, type: 'test_error', param: null, code: 'test_code' }, message })
}
