// A module of the extension outside VS Code, for what can be seen without it.
import { build } from 'esbuild'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Loads `src/extension/<file>`, bundled, with `others` in place of the packages that they are named by: `vscode` and any more.
 * Its exports have the type that the caller says.
 */
export async function extensionModule<T>(file: string, others: Readonly<Record<string, unknown>>): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/extension', file)],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: Object.keys(others),
    mainFields: ['module', 'main'],
    // Only code that starts threads reads it, and that code is not called here.
    logOverride: { 'empty-import-meta': 'silent' },
    write: false,
  })
  const ofNode = createRequire(import.meta.url)
  const module = { exports: {} }
  const load = new Function('require', 'module', 'exports', outputFiles[0]?.text ?? '') as (
    require: (name: string) => unknown,
    module: { exports: object },
    exports: object,
  ) => void
  load((name) => (name in others ? others[name] : ofNode(name)), module, module.exports)
  return module.exports as T
}
