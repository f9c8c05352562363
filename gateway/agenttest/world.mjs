// What a test needs: an upstream, a gateway before it and a door before that, and a way to let an agent play the script.
import assert from 'node:assert/strict'
import { run } from './agents.mjs'
import { start as startDoor } from './door.mjs'
import { start as startGateway } from './gateway.mjs'
import { final, mark, start as startUpstream } from './upstream.mjs'
import { seal, usage } from './wires.mjs'

/** start() → {upstream, session(app, count), play(agent, model), close()} */
export async function start () {
  const upstream = await startUpstream()
  const gateway = await startGateway(upstream.url)
  const door = await startDoor(gateway.url)
  let known = 0
  return {
    upstream,
    session: gateway.session,
    /** play runs an agent → {code, stdout, stderr, marker, sent: what it asked, got: what the upstream was asked, rows: of the log}. */
    async play (agent, model) {
      door.requests.length = upstream.requests.length = 0
      const ended = await run(agent(door.url, model))
      const rows = (await gateway.logs(known + upstream.requests.length)).slice(known)
      known += rows.length
      return { ...ended, sent: [...door.requests], got: [...upstream.requests], rows }
    },
    async close () {
      await door.close()
      await gateway.close()
      await upstream.close()
    }
  }
}

// told is an agent's run in words, for the message of a failed assertion.
function told (run) {
  const answers = run.sent.map(r => `${r.method} ${r.path}?${r.query} → ${r.status} ${r.answer.text.slice(0, 600)}`)
  const times = [...new Set(answers)].map(a => `${answers.filter(b => a === b).length} × ${a}`)
  return [`exit ${run.code}`, run.stdout, run.stderr, ...times].join('\n')
}

/** clean asserts that the agent ended well and that nothing but the given refusals came its way. */
export function clean (run, refused = []) {
  const refusals = run.sent.filter(r => r.status >= 300).map(r => `${r.method} ${r.path} ${r.status}`)
  assert.deepEqual([...new Set(refusals)], refused, told(run))
  assert.equal(run.code, 0, told(run))
  assert.equal(run.rows.filter(r => r.status === 'success').length, answered(run).length, 'each request is in the log')
}

/** played asserts that the agent did what the script says. */
export function played (run, { wire, provider, model, refused }) {
  clean(run, refused)
  assert.ok(run.stdout.includes(final), told(run))
  assert.equal(run.marker, mark + '\n', told(run))

  const results = run.got.flatMap(r => r.read.results)
  assert.ok(results.some(text => text.includes(mark)), 'the tool’s result reached the upstream')
  assert.deepEqual([...new Set(run.got.map(r => r.wire))], [wire], 'what the upstream was asked')

  for (const row of run.rows.filter(r => r.status === 'success')) {
    assert.deepEqual([row.provider, row.model, row.upstream_dialect], [provider, model ?? row.model, wire])
    const { prompt_tokens, cached_read_tokens, completion_tokens } = row.token_usage
    assert.deepEqual([prompt_tokens, cached_read_tokens, completion_tokens], [usage.input, usage.cached, usage.output])
    assert.ok(row.app, 'the log names the program')
  }
  const named = new Set(answered(run).map(session).filter(Boolean))
  if (named.size) assert.deepEqual(new Set(run.rows.map(r => r.session_id).filter(Boolean)), named, 'the sessions of the log are the agent’s')
}

// session is what an agent calls the run of requests that one belongs to.
const session = ({ headers }) => headers['x-claude-code-session-id'] ?? headers['session-id'] ?? headers['x-session-id']

const answered = run => run.sent.filter(r => r.method === 'POST' && r.status === 200)

// pairs gives each answered request with what the upstream got for it. Agents ask for titles while they work: the order
// of arrival may differ, what is offered and returned tells requests apart.
function pairs (run) {
  const progress = r => 10 * r.read.tools.length + r.read.results.length
  const inOrder = list => list.toSorted((a, b) => progress(a) - progress(b))
  assert.equal(run.got.length, answered(run).length)
  const got = inOrder(run.got)
  return inOrder(answered(run)).map((sent, i) => ({ sent, got: got[i] }))
}

/** untouched asserts that the upstream was asked exactly what the agent asked, with the headers that are named. */
export function untouched (run, kept = []) {
  for (const { sent, got } of pairs(run)) {
    assert.deepEqual(got.body, sent.body)
    assert.equal(got.query.toString(), sent.query.toString())
    for (const name of kept) assert.equal(got.headers[name], sent.headers[name], name)
  }
}

/**
 * carried asserts that requests of another wire arrived with their instructions, their prompts and their tools, that
 * what the upstream sealed comes back to it, and that the fields which could not be carried are named.
 */
export function carried (run, { sealed, lost = [] }) {
  for (const { sent, got } of pairs(run)) {
    const text = got.read.texts.join('\n')
    for (const want of sent.read.texts) assert.ok(text.includes(want), `the upstream was told: ${want.slice(0, 200)}`)
    for (const { name, namespace, schema } of sent.read.tools) {
      const carried = namespace ? `${namespace}__${name}` : name
      assert.deepEqual(got.read.tools.find(t => t.name === carried)?.schema, schema, `the tool ${carried}`)
    }
  }
  const { sent, got } = pairs(run).at(-1)
  if (sealed) assert.equal(JSON.stringify(got.body).split(seal).length - 1, got.read.results.length, 'sealed thoughts come back')
  for (const field of lost) assert.ok(sent.answer.headers['x-heimdall-warnings']?.includes(field + ':'), `${field} is named as lost`)
}
