// `npm run studio`: set-up, build, then a real VS Code in the browser with the extension and the sample, at the printed
// address. Uses Node's built-ins only: it runs before `npm ci`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { packageVsix } from './package.mjs'
import { setupVscode } from './setupVscode.mjs'
import { startSampleStudio } from './vscode/sampleStudio.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const say = (line) => process.stdout.write(`${line}\n`)

for (const script of ['scripts/setup.mjs', 'esbuild.mjs']) {
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
const server = setupVscode(say)
const { file } = packageVsix({ say })
const home = mkdtempSync(join(tmpdir(), 'sparsescope-studio-'))
const port = process.env.PORT ? Number(process.env.PORT) : undefined
const running = await startSampleStudio({ root, server, vsix: file, home, port })
say(`VS Code with SparseScope and the sample: ${running.url}/`)
say('It listens on this machine only. Ctrl-C ends it and removes its data.')

const leave = async () => {
  await running.stop()
  rmSync(home, { recursive: true, force: true })
  process.exit(0)
}
process.on('SIGINT', leave)
process.on('SIGTERM', leave)
