// Starts the VS Code Server of setupVscode.mjs on a free port, with fresh user data, and ends it with all it started.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

const startMs = 180_000

const settings = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'workbench.enableExperiments': false,
  'window.commandCenter': false,
  'chat.commandCenter.enabled': false,
  'workbench.tips.enabled': false,
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** `trust`: whether workspaces are trusted without asking; off for tests of Restricted Mode. */
export function writeSettings(userData, { trust = true, more = {} } = {}) {
  mkdirSync(join(userData, 'User'), { recursive: true })
  const all = { ...settings, 'security.workspace.trust.enabled': !trust, ...more }
  writeFileSync(join(userData, 'User', 'settings.json'), JSON.stringify(all, null, 2))
}

export function installExtension(server, vsix, userData, extensions) {
  const args = [
    join(server, 'out/server-main.js'),
    '--install-extension',
    vsix,
    '--force',
    '--extensions-dir',
    extensions,
  ]
  args.push('--server-data-dir', userData, '--accept-server-license-terms')
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: serverEnv({}) })
  if (status !== 0) throw new Error(`the VSIX could not be installed:\n${stdout}${stderr}`)
}

/** Resolves when the server answers. `stop()` ends the whole process group. */
export async function startServer({
  server,
  userData,
  extensions,
  env = {},
  trust = true,
  extra = [],
  host = '127.0.0.1',
  port = undefined,
}) {
  mkdirSync(userData, { recursive: true })
  mkdirSync(extensions, { recursive: true })
  const chosen = port ?? (await freePort())
  const logPath = join(userData, 'server.log')
  const log = openSync(logPath, 'w')
  const args = [
    join(server, 'out/server-main.js'),
    '--host',
    host,
    '--port',
    String(chosen),
    '--without-connection-token',
  ]
  args.push('--accept-server-license-terms', '--server-data-dir', userData, '--user-data-dir', userData)
  args.push('--extensions-dir', extensions, '--telemetry-level', 'off', '--disable-update-check', ...extra)
  if (trust) args.push('--disable-workspace-trust')
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log], env: serverEnv(env) })
  closeSync(log)
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const signal = (name) => {
    try {
      process.kill(-child.pid, name)
    } catch {
      // The group is gone.
    }
  }
  const stop = async () => {
    signal('SIGTERM')
    await Promise.race([gone, sleep(3000)])
    signal('SIGKILL')
  }
  const deadline = Date.now() + startMs
  while (!(await answers(chosen))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`the VS Code Server did not start:\n${readFileSync(logPath, 'utf8')}`)
    }
    await sleep(50)
  }
  return { port: chosen, pid: child.pid, log: logPath, stop, url: `http://127.0.0.1:${chosen}` }
}

function serverEnv(more) {
  const env = { ...process.env, ...more, EXTENSIONS_GALLERY: '{"serviceUrl":""}' }
  for (const name of Object.keys(env))
    if (name.startsWith('VSCODE_') || /^(HASHED_)?PASSWORD$/.test(name)) delete env[name]
  return env
}

async function answers(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/version`)).status === 200
  } catch {
    return false
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
