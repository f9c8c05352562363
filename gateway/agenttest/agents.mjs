// The agents: how each is told its gateway and its model, and how it is run once without a terminal.
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const programs = fileURLToPath(new URL('node_modules/.bin/', import.meta.url))
const prompt = 'Leave a marker in this folder.'
const key = 'key-of-the-agent'

/** Each agent: (gateway URL, model) → {program, args, env, files below its home}. */
export const agents = {
  claude: (url, model) => ({
    program: 'claude',
    args: ['-p', prompt, '--allowedTools', 'Bash'],
    env: {
      ANTHROPIC_BASE_URL: url + '/anthropic', ANTHROPIC_API_KEY: key, ANTHROPIC_MODEL: model, ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_ERROR_REPORTING: '1', DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_MAX_RETRIES: '1'
    }
  }),
  claudeOnBedrock: (url, model) => {
    const { ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY, ...env } = agents.claude(url, model).env
    return { ...agents.claude(url, model), env: { ...env, CLAUDE_CODE_USE_BEDROCK: '1', ANTHROPIC_BEDROCK_BASE_URL: url + '/bedrock', AWS_BEARER_TOKEN_BEDROCK: key, AWS_REGION: 'us-east-1' } }
  },
  /** What claude-code asks to tell how full its context is. */
  claudeContext: (url, model) => { const claude = agents.claude(url, model); return { ...claude, args: ['-p', '/context'] } },
  codex: (url, model) => codex(model, [
    'model_provider = "heimdall"', '[model_providers.heimdall]', 'name = "Heimdall"', `base_url = "${url}/openai/v1"`, 'wire_api = "responses"', 'env_key = "HEIMDALL_KEY"',
    'request_max_retries = 0', 'stream_max_retries = 0'
  ]),
  codexBuiltIn: (url, model) => codex(model, [`openai_base_url = "${url}/openai/v1"`]),
  /** Without a model gemini-cli asks a small one which of its models to take. */
  gemini: (url, model) => ({
    program: 'gemini',
    args: [...(model ? ['-m', model] : []), '--approval-mode', 'yolo', '-p', prompt],
    env: { GOOGLE_GEMINI_BASE_URL: url + '/genai', GEMINI_API_KEY: key, GEMINI_CLI_TRUST_WORKSPACE: 'true', GEMINI_TELEMETRY_ENABLED: 'false' },
    files: { '.gemini/settings.json': JSON.stringify({ privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false }, general: { enableAutoUpdate: false }, security: { auth: { selectedType: 'gemini-api-key' } } }) }
  }),
  qwen: (url, model) => ({
    program: 'qwen',
    args: ['--auth-type', 'openai', '--approval-mode', 'yolo', '-p', prompt],
    env: { OPENAI_BASE_URL: url + '/openai/v1', OPENAI_API_KEY: key, OPENAI_MODEL: model },
    files: { '.qwen/settings.json': JSON.stringify({ privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false }, general: { enableAutoUpdate: false, disableAutoUpdate: true } }) }
  }),
  opencode: opencode('@ai-sdk/openai-compatible', '/openai/v1'),
  opencodeResponses: opencode('@ai-sdk/openai', '/openai/v1'),
  opencodeMessages: opencode('@ai-sdk/anthropic', '/anthropic/v1')
}

function opencode (npm, path) {
  return (url, model) => ({
    program: 'opencode',
    args: ['run', '-m', 'heimdall/' + model, prompt],
    env: {
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        autoupdate: false, share: 'disabled', permission: { bash: 'allow' },
        provider: { heimdall: { npm, name: 'Heimdall', options: { baseURL: url + path, apiKey: key }, models: { [model]: {} } } }
      }),
      OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1', OPENCODE_DISABLE_DEFAULT_PLUGINS: '1'
    }
  })
}

function codex (model, config) {
  const quiet = ['check_for_update_on_startup = false', '[analytics]', 'enabled = false', '[feedback]', 'enabled = false']
  const at = config.findIndex(line => line.startsWith('['))
  const top = [`model = "${model}"`, ...config.slice(0, at < 0 ? undefined : at), quiet[0]]
  return {
    program: 'codex',
    args: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', prompt],
    env: { HEIMDALL_KEY: key, CODEX_API_KEY: key },
    files: { '.codex/config.toml': [...top, ...(at < 0 ? [] : config.slice(at)), ...quiet.slice(1)].join('\n') + '\n' }
  }
}

/** run starts an agent in an empty home and an empty folder → {code, stdout, stderr, marker: the text it left, or null}. */
export async function run ({ program, args, env, files = {} }, seconds = 120) {
  const home = await mkdtemp(path.join(os.tmpdir(), 'heimdall-agent-'))
  const cwd = path.join(home, 'work')
  await mkdir(cwd)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(home, name)), { recursive: true })
    await writeFile(path.join(home, name), text)
  }
  const child = spawn(programs + program, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: [path.dirname(process.execPath), '/usr/bin', '/bin'].join(':'), LANG: 'C.UTF-8', TERM: 'dumb', NO_COLOR: '1', HOME: home, TMPDIR: home, SHELL: '/bin/bash',
      XDG_CONFIG_HOME: home + '/.config', XDG_DATA_HOME: home + '/.local/share', XDG_STATE_HOME: home + '/.local/state', XDG_CACHE_HOME: home + '/.cache', ...env
    }
  })
  const group = signal => { try { process.kill(-child.pid, signal) } catch {} }
  const timer = setTimeout(() => group('SIGKILL'), seconds * 1000)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', piece => { stdout += piece })
  child.stderr.setEncoding('utf8').on('data', piece => { stderr += piece })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', (code, signal) => resolve(code ?? signal)))
  clearTimeout(timer)
  group('SIGKILL')
  const marker = await readFile(path.join(cwd, 'marker.txt'), 'utf8').catch(() => null)
  await rm(home, { recursive: true, force: true, maxRetries: 5 })
  return { code, stdout, stderr, marker }
}
