// OpenAI's old completions. https://platform.openai.com/docs/api-reference/completions
import { seen as blank } from './seen.mjs'

const read = body => blank({ model: body.model, stream: body.stream === true, said: [].concat(body.prompt) })

const piece = (turn, text, finish_reason) => ({ id: 'cmpl-1', object: 'text_completion', created: 1700000000, model: turn.model, choices: [{ text, index: 0, logprobs: null, finish_reason }] })
const usageOf = u => ({ prompt_tokens: u.input, completion_tokens: u.output, total_tokens: u.input + u.output })

const answer = turn => ({ ...piece(turn, turn.pieces.join(''), 'stop'), usage: usageOf(turn.usage), unknown_field: { kept: true } })

function stream (turn, write, { body }) {
  const chunk = value => write(`data: ${JSON.stringify(value)}\n\n`)
  for (const text of turn.pieces) chunk(piece(turn, text, null))
  chunk(piece(turn, '', 'stop'))
  if (body.stream_options?.include_usage) chunk({ ...piece(turn, ''), choices: [], usage: usageOf(turn.usage) })
  write('data: [DONE]\n\n')
}

const error = (_, message) => ({ error: { message, type: 'test_error', param: null, code: 'test_code' } })

export default { name: 'completions', match: r => /(?<!\/chat)\/completions$/.test(r.path) && { model: r.body.model }, read, answer, stream, error }
