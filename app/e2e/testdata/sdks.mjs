// Real SDKs at a gateway, driven by lines on stdin: `node sdks.mjs GATEWAY_URL`. The first line out is the address of
// an upstream of our own; each later one answers a command:
//   stream   both SDKs stream one answer through the gateway  → the text of each, as JSON
//   hang     the openai SDK starts a stream that says nothing → hanging
//   leave    it hangs up                                      → left
import { createRequire } from 'node:module'
import readline from 'node:readline'
import { start } from '../../../gateway/sdktest/upstream.mjs'

const require = createRequire(new URL('../../../gateway/sdktest/package.json', import.meta.url))
const { OpenAI } = require('openai')
const { Anthropic } = require('@anthropic-ai/sdk')

const gateway = process.argv[2]
const upstream = await start()
const openai = new OpenAI({ baseURL: gateway + '/openai/v1', apiKey: 'dummy', maxRetries: 0 })
const anthropic = new Anthropic({ baseURL: gateway + '/anthropic', apiKey: 'dummy', maxRetries: 0 })
const messages = [{ role: 'user', content: 'Hvem der?' }]
let hanging

const commands = {
  async stream () {
    const said = { openai: '', anthropic: '' }
    for await (const chunk of await openai.chat.completions.create({ model: 'small', messages, stream: true })) {
      said.openai += chunk.choices[0]?.delta?.content ?? ''
    }
    for await (const event of await anthropic.messages.create({ model: 'large', max_tokens: 99, messages, stream: true })) {
      said.anthropic += event.delta?.text ?? ''
    }
    return JSON.stringify(said)
  },
  async hang () {
    hanging = await openai.chat.completions.create({ model: 'silent', messages, stream: true })
    return 'hanging'
  },
  async leave () {
    hanging.controller.abort()
    return 'left'
  }
}

console.log(upstream.url)
for await (const command of readline.createInterface({ input: process.stdin })) {
  console.log(await commands[command]())
}
process.exit(0)
