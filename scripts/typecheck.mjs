// Type-checks every runtime with its own tsconfig: node's, the editor's, the page's, and code that runs everywhere. The native compiler
// takes a quarter of the time; eslint's rules need the other compiler. Unchanged projects are not checked again.
import { spawnSync } from 'node:child_process'

const projects = ['src/tsconfig.browser.json', 'src', 'src/extension', 'webview-ui', 'test', 'test/integration/host']

const failed = projects.filter((project) => {
  const kept = ['--incremental', '--tsBuildInfoFile', `out/typecheck/${project.replaceAll(/[/.]/g, '-')}.json`]
  const args = ['node_modules/typescript-native/bin/tsc', '-p', project, '--pretty', 'false', ...kept]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0
})
process.exit(failed.length > 0 ? 1 : 0)
