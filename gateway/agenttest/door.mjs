// Stands between the agents and the gateway, passes everything on as it comes, and remembers both sides of it.
import http from 'node:http'
import { wires } from './wires.mjs'

/** start(gateway URL) → {url, requests, close()}; requests: {method, path, query, headers, body, read, status, answer: {headers, text}} */
export async function start (gateway) {
  const requests = []
  const agent = new http.Agent({ keepAlive: true })
  const server = http.createServer(async (req, res) => {
    const pieces = []
    for await (const piece of req) pieces.push(piece)
    const body = Buffer.concat(pieces)
    const { pathname: path, searchParams: query } = new URL(req.url, gateway)
    const seen = { method: req.method, path, query, headers: req.headers, body: body.length ? JSON.parse(body) : null, status: 0, answer: { headers: {}, text: '' } }
    seen.read = seen.body && Object.values(wires).find(w => w.matches(path))?.read(seen.body)
    requests.push(seen)
    const out = http.request(gateway + req.url, { method: req.method, headers: req.headers, agent }, answer => {
      seen.status = answer.statusCode
      seen.answer.headers = answer.headers
      res.writeHead(answer.statusCode, answer.rawHeaders)
      answer.on('data', piece => { seen.answer.text += piece })
      answer.pipe(res)
    })
    out.on('error', () => res.destroy())
    res.on('close', () => { if (!res.writableFinished) out.destroy() })
    out.end(body)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () => { agent.destroy(); server.closeAllConnections(); return new Promise(resolve => server.close(resolve)) }
  }
}
