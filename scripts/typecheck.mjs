// Type-checks every runtime with its own tsconfig; folders that hold no TypeScript yet are skipped. What has not changed since
// the last time is not looked at again.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const projects = [
  'src/shared',
  'src/engine',
  'src/cli',
  'src/backend',
  'src/server',
  'src/extension',
  'webview-ui',
  'test',
  'test/integration/backend',
  'test/integration/host',
]
let failed = false
for (const project of projects) {
  const config = `${project}/tsconfig.json`
  if (!existsSync(config)) continue
  const kept = ['--incremental', '--tsBuildInfoFile', `out/typecheck/${project.replaceAll('/', '-')}.json`]
  const { status, stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', config, ...kept], {
    encoding: 'utf8',
  })
  // TS18003: the folder has no inputs yet.
  if (status !== 0 && !stdout.includes('TS18003')) {
    process.stdout.write(stdout)
    failed = true
  }
}
process.exit(failed ? 1 : 0)
