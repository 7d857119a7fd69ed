// Runs test/integration/host with mocha inside the extension host of the real server, against the packaged extension.
import { build } from 'esbuild'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from 'node:util'
import { launchBrowser } from './browser.mjs'
import { installExtension, sleep, startServer, writeSettings } from './server.mjs'
import { makeWorkspace } from './workspace.mjs'

const limitMs = 600_000

export async function runHostTests({ root, server, vsix, scratch }) {
  const home = join(scratch, 'host')
  const harness = join(home, 'harness')
  const workspace = makeWorkspace(root, join(home, 'workspace'))
  const results = join(home, 'results.json')
  // An empty extension carries the tests; the product is the installed VSIX.
  mkdirSync(harness, { recursive: true })
  const manifest = { name: 'harness', publisher: 'test', version: '0.0.1', engines: { vscode: '^1.100.0' } }
  writeFileSync(join(harness, 'package.json'), JSON.stringify(manifest))
  await build({
    entryPoints: [join(root, 'test/integration/host/index.ts')],
    outfile: join(harness, 'index.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  })
  const userData = join(home, 'data')
  const extensions = join(home, 'extensions')
  mkdirSync(extensions, { recursive: true })
  writeSettings(userData)
  installExtension(server, vsix, userData, extensions)
  const env = {
    SPARSESCOPE_HOST_RESULTS: results,
    SPARSESCOPE_WORKSPACE: workspace,
    SPARSESCOPE_ROOT: root,
  }
  const running = await startServer({ server, userData, extensions, env, extra: ['--enable-smoke-test-driver'] })
  const { context, page } = await launchBrowser(home)
  const logs = []
  try {
    const exit = new Promise((resolve) => {
      void page.exposeFunction('codeAutomationLog', (_type, args) => logs.push(format(...args)))
      void page.exposeFunction('codeAutomationExit', (code) => resolve(code))
    })
    const authority = `127.0.0.1:${running.port}`
    const uri = (path) => `vscode-remote://${authority}${path}`
    const payload = [
      ['extensionDevelopmentPath', uri(harness)],
      ['extensionTestsPath', uri(join(harness, 'index.js'))],
      ['skipWelcome', 'true'],
    ]
    await page.goto(`${running.url}/?folder=${workspace}&payload=${encodeURIComponent(JSON.stringify(payload))}`)
    await Promise.race([exit, sleep(limitMs)])
  } finally {
    await context.close()
    await running.stop()
  }
  return report(results, logs)
}

async function report(results, logs) {
  if (!existsSync(results)) {
    const failure = `no results within ${limitMs / 1000} s\n${logs.slice(-40).join('\n')}`
    console.log(failure)
    return { failed: 1, failures: [failure] }
  }
  const { results: list, notes } = JSON.parse(readFileSync(results, 'utf8'))
  for (const { ok, name, detail } of list) console.log(ok ? `  ✔ ${name} (${detail})` : `  ✖ ${name}\n${detail}`)
  for (const note of notes.said) console.log(`  ${note}`)
  const failures = list.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}\n${detail}`)
  const left = await survivors(notes.pids)
  const alive = `the window is closed, but these backends live on: ${left.join(', ')}`
  if (left.length > 0) failures.push(alive)
  console.log(left.length > 0 ? `  ✖ ${alive}` : '  ✔ no backend outlives its window')
  return { passed: list.length + 1 - failures.length, failed: failures.length, failures }
}

/** Backends that are still there some seconds after the window closed. */
async function survivors(pids) {
  for (let i = 0; i < 600; i++) {
    if (!pids.some(isAlive)) return []
    await sleep(100)
  }
  return pids.filter(isAlive)
}

function isAlive(pid) {
  try {
    // A zombie process counts as ended.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
