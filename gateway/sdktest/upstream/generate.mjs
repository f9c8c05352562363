// Gemini's generateContent and its neighbours. https://ai.google.dev/api/generate-content
import { seen as blank } from './seen.mjs'

const names = { 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL' }
const list = one => Array.isArray(one) ? one : one ? [one] : []
const textOf = content => (content?.parts ?? []).map(p => p.text ?? '').join('')

function read (body, route) {
  const seen = blank({ model: route.model, stream: route.stream, system: textOf(body.systemInstruction), signs: true })
  for (const t of list(body.tools)) for (const f of t.functionDeclarations ?? []) seen.tools.push(f.name)
  const ids = []
  for (const content of list(body.contents)) {
    for (const p of list(content.parts)) {
      if (p.functionCall) {
        seen.calls.push({ name: p.functionCall.name, input: p.functionCall.args ?? {} })
        ids.push(p.functionCall.id)
      }
      if (p.functionResponse) {
        const { id, name, response } = p.functionResponse
        if (id !== ids[seen.results.length]) throw new Error(`the function response with the id ${id} is not for the call with the id ${ids[seen.results.length]}`)
        seen.results.push({ name, text: JSON.stringify(response) })
      }
      if (p.inlineData) seen.media.push(`data:${p.inlineData.mimeType};base64,${p.inlineData.data}`)
      if (p.thoughtSignature) seen.signatures.push(p.thoughtSignature)
      if (p.text && content.role !== 'model') seen.said.push(p.text)
    }
  }
  const config = body.generationConfig ?? {}
  seen.schema = config.responseJsonSchema ?? config.responseSchema
  return seen
}

const usageOf = u => ({
  promptTokenCount: u.input, cachedContentTokenCount: u.cached, candidatesTokenCount: u.output - u.reasoning,
  ...(u.reasoning && { thoughtsTokenCount: u.reasoning }), totalTokenCount: u.input + u.output
})

// Calls are made without ids here, so those of a client count only among themselves. The signature is the first call's.
function parts (turn) {
  const all = turn.thought ? [{ text: turn.thought, thought: true }] : []
  turn.calls.forEach((c, i) => all.push({ functionCall: { name: c.name, args: c.input }, ...(turn.thought && i === 0 && { thoughtSignature: turn.signature }) }))
  return all
}

const chunk = (turn, content, more) => ({
  candidates: [{ content: { parts: content, role: 'model' }, index: 0, ...more }],
  usageMetadata: usageOf(turn.usage), modelVersion: turn.model, responseId: 'resp1', unknownField: { kept: true }
})

const answer = turn => chunk(turn, [...parts(turn), ...(turn.pieces.length ? [{ text: turn.pieces.join('') }] : [])], { finishReason: 'STOP' })

function stream (turn, write) {
  const send = value => write(`data: ${JSON.stringify(value)}\r\n\r\n`)
  if (turn.silent) return send(chunk(turn, [{ text: '' }]))
  for (const part of parts(turn)) send(chunk(turn, [part]))
  for (const text of turn.pieces) send(chunk(turn, [{ text }]))
  send(chunk(turn, [{ text: '' }], { finishReason: 'STOP' }))
}

const error = (code, message) => ({ error: { code, message, status: names[code] ?? 'UNKNOWN', details: [] } })

const vector = [0.5, -0.25, 0.125]

function match (r) {
  const tail = /\/models\/([^:]+):(\w+)$/.exec(decodeURIComponent(r.path))
  if (!tail) return
  const [, model, action] = tail
  if (action === 'generateContent') return { model, stream: false }
  if (action === 'streamGenerateContent') return { model, stream: true }
  if (action === 'countTokens') return { model, serve: () => [200, { totalTokens: 42, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 42 }] }] }
  if (action === 'embedContent') return { model, serve: () => [200, { embedding: { values: vector } }] }
  if (action === 'batchEmbedContents') {
    return {
      model,
      serve: () => {
        r.inputs = r.body.requests.map(one => textOf(one.content))
        return [200, { embeddings: r.inputs.map(() => ({ values: vector })) }]
      }
    }
  }
}

export default { name: 'generate', match, read, answer, stream, error }
