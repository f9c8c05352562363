// A provider of our own for the agents' tests: it speaks every wire on one port, refuses what the real ones refuse, and
// follows one script. Where it is offered a shell it has the agent run a command that leaves a marker; once it has seen
// the command's output it says the final sentence. Where tools lie in a namespace it calls one of those first. Requests
// without a shell (titles, routing) get a short answer of the shape that they ask for.
import http from 'node:http'
import { rules } from './rules.mjs'
import { wires } from './wires.mjs'

export const mark = 'heimdall-was-here'
export const final = 'The marker lies where it belongs: ä€🦉.'
const command = `echo ${mark} | tee marker.txt`
const shells = ['Bash', 'bash', 'run_shell_command', 'exec_command', 'shell_command', 'shell']

/** start() → {url, requests, refuse(status, message), accept(), close()}; requests: {wire, method, path, query, headers, body, read} */
export async function start () {
  const requests = []
  let refusal = null
  const server = http.createServer(async (req, res) => {
    let text = ''
    for await (const piece of req) text += piece
    const { pathname: path, searchParams: query } = new URL(req.url, 'http://upstream')
    const [name, wire] = Object.entries(wires).find(([, w]) => w.matches(path)) ?? []
    const body = text ? JSON.parse(text) : null
    const read = wire?.read(body)
    requests.push({ wire: name, method: req.method, path, query, headers: req.headers, body, read })
    if (!wire) return send(res, 404, { error: { message: 'no such path ' + path } })
    if (refusal) return send(res, refusal.status, wire.error(refusal.status, refusal.message))
    const reason = rules[name](body)
    if (reason) return send(res, 400, wire.error(400, reason))
    wire.write(res, body, turn(read), path)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    refuse: (status, message) => { refusal = { status, message } },
    accept: () => { refusal = null },
    close: () => { server.closeAllConnections(); return new Promise(resolve => server.close(resolve)) }
  }
}

function turn ({ tools, results, schema }) {
  if (results.some(text => text.includes(mark))) return { text: final }
  if (results.length > 1) return { text: 'The command did not leave its mark.' }
  const call = (tool, how) => ({ call: { id: `call_${results.length}`, name: tool.name, namespace: tool.namespace, ...how } })
  const nested = tools.find(t => /(^|__)close_agent$/.test(t.name))
  if (nested && results.length === 0) return call(nested, { arguments: fill(nested.schema) })
  const shell = tools.find(t => shells.includes(t.name))
  if (shell) return call(shell, { arguments: fill(shell.schema, { command, cmd: command }) })
  const script = tools.find(t => t.custom && t.name === 'exec')
  if (script) return call(script, { input: `text((await tools.exec_command({ cmd: '${command}' })).output)` })
  return { text: schema ? JSON.stringify(fill(schema)) : 'Marker' }
}

// fill makes an object that a schema accepts, with the given values where it has those fields.
function fill (schema, known = {}) {
  const names = Object.keys(schema.properties).filter(name => name in known || schema.required?.includes(name))
  const value = { boolean: false, integer: 50, number: 50, array: [], object: {} }
  return Object.fromEntries(names.map(name => [name, known[name] ?? value[schema.properties[name].type?.toLowerCase()] ?? 'leave a marker']))
}

function send (res, status, value) {
  res.writeHead(status, { 'content-type': 'application/json', 'x-request-id': 'req_upstream', 'request-id': 'req_upstream' })
  res.end(JSON.stringify(value))
}
