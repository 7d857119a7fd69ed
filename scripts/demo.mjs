// `npm run demo`: set-up, build, then `sparsescope demo` in out/demo. Uses Node's built-ins only: it runs before `npm ci`.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '../..')

function must(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

must('scripts/setup.mjs')
must('esbuild.mjs')
rmSync(join(root, 'out/demo'), { recursive: true, force: true })
must('dist/cli.mjs', 'demo', 'out/demo', ...process.argv.slice(2))
