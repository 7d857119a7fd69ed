// A VS Code Server whose address opens the sample, with the walkthrough: what `npm run studio` shows.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { installExtension, startServer, writeSettings } from './server.mjs'

/** `home`: an empty folder, the caller's to remove. */
export async function startSampleStudio({ root, server, vsix, home, port = undefined }) {
  const userData = join(home, 'data')
  const extensions = join(home, 'extensions')
  mkdirSync(extensions, { recursive: true })
  writeSettings(userData)
  installExtension(server, vsix, userData, extensions)
  installExtension(server, packageWelcome(root, home), userData, extensions)
  // A copy: runs write beside the recipes, and the repository stays as it is. What the demo has run is not part of it.
  const workspace = join(home, 'sample')
  cpSync(join(root, 'samples'), workspace, {
    recursive: true,
    filter: (path) => !/[\\/](make|out|\.sparsescope)$/.test(path),
  })
  // The window opens it (welcome.cjs). With --default-folder its address would have another authority than the window's own: a file
  // of Explorer and the same file of our trees would count as two, and the second would not open.
  const running = await startServer({ server, userData, extensions, port, env: { SPARSESCOPE_SAMPLE: workspace } })
  return { ...running, workspace }
}

/** An extension of the studio that opens the sample; the product opens no window by itself. */
function packageWelcome(root, home) {
  const stage = join(home, 'welcome')
  const file = join(home, 'welcome.vsix')
  cpSync(join(root, 'scripts', 'vscode', 'welcome'), stage, { recursive: true })
  const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce')
  const args = [vsce, 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '-o', file]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: stage, encoding: 'utf8' })
  if (status !== 0) throw new Error(`vsce failed:\n${stdout}${stderr}`)
  return file
}
