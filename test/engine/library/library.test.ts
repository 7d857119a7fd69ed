// The library as other programs get it: what package.json exports, built.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { fencesOf, root } from '../../support/documents.ts'
import { scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
}
const example = (file: string) => fencesOf('docs/guide.md').find((fence) => fence.file === file)?.text ?? ''

describe('the library', function () {
  this.timeout(300_000)
  let place = ''

  before(function () {
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? [target] : [target.types, target.default],
    )
    for (const target of targets) if (!existsSync(join(root, target))) lacks(this, `no ${target}: run npm run build`)
    place = scratch().folder
    mkdirSync(join(place, 'node_modules'))
    symlinkSync(root, join(place, 'node_modules/sparsescope'), 'dir')
    writeFileSync(join(place, 'package.json'), '{"type": "module"}')
  })

  const node = (file: string) => spawnSync(process.execPath, [file], { cwd: place, encoding: 'utf8' })

  it('opens, prunes and evaluates in an example of the guide, of at most 20 lines', () => {
    const text = example('half.mjs')
    assert.ok(text.trimEnd().split('\n').length <= 20)
    cpSync(join(root, 'samples'), join(place, 'samples'), {
      recursive: true,
      filter: (path) => !/\.sparsescope/.test(path),
    })
    writeFileSync(join(place, 'half.mjs'), text)
    const { status, stdout, stderr } = node('half.mjs')
    assert.equal(status, 0, stderr.slice(-1000))
    const [, dense, sparsity, pruned] =
      /dense: 132 tensors, perplexity ([\d.]+)\n([\d.]+) zeros: perplexity ([\d.]+)/.exec(stdout)?.map(Number) ?? []
    assert.ok(dense > 1 && pruned > dense && pruned < 10 * dense, stdout)
    assert.ok(Math.abs(sparsity - 0.5) < 0.01, stdout)
    assert.ok(existsSync(join(place, 'opt-half/model.safetensors')))
  })

  it('says what is wrong with a recipe that is in no file, without a line', () => {
    const run = "await runRecipe({ version: 1, model: 'a', prune: [{ method: 'wonda', sparsity: 0.5 }] })"
    writeFileSync(join(place, 'wrong.mjs'), `import { runRecipe } from 'sparsescope'\n${run}`)
    const { status, stderr } = node('wrong.mjs')
    assert.equal(status, 1)
    assert.match(stderr, /EngineError: the recipe: .*wonda/)
  })

  it('reads a checkpoint from Blobs in an example of the guide', () => {
    writeFileSync(join(place, 'look.mjs'), example('look.mjs'))
    writeFileSync(
      join(place, 'blobs.mjs'),
      `import { readFileSync } from 'node:fs'
import { look } from './look.mjs'
const blob = (name) => Object.assign(new Blob([readFileSync(${JSON.stringify(`${root}/samples/opt/`)} + name)]), { name })
await look(['config.json', 'model.safetensors'].map(blob))`,
    )
    const { status, stdout, stderr } = node('blobs.mjs')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^model\.decoder\.embed_tokens\.weight \w+ \d+ × \d+$/m)
  })

  it('has types that a program in Node and a page need no other package for', () => {
    const check = (file: string, text: string) => {
      writeFileSync(join(place, file), text)
      const options = [
        '--module',
        'nodenext',
        '--target',
        'es2022',
        '--lib',
        'es2023,esnext.disposable,dom',
        '--types',
        '',
        '--strict',
        '--noEmit',
      ]
      const compiler = join(root, 'node_modules/typescript-native/bin/tsc')
      return spawnSync(process.execPath, [compiler, ...options, file], { cwd: place, encoding: 'utf8' })
    }
    const engine = `import { evaluate, openCheckpoint, runRecipe } from 'sparsescope/engine'
const checkpoint = await openCheckpoint('opt')
const loss: number = (await evaluate(checkpoint, { data: 'text.txt', seqLen: 256 })).loss
const output: string | null = (await runRecipe({ model: 'opt' }, { device: 'cpu' })).output
export { loss, output }`
    const page = `import { openFiles } from 'sparsescope/checkpoint'
const checkpoint = await openFiles({ 'model.safetensors': new Blob([]) })
export const shape: readonly number[] | undefined = checkpoint.tensors.get('a')?.shape`
    for (const [name, text] of Object.entries({ engine, page })) {
      const good = check(`${name}.ts`, text)
      assert.equal(good.status, 0, good.stdout)
      const bad = check(`${name}.ts`, text.replace(/: (readonly number\[\]|number)/, ': string'))
      assert.match(bad.stdout, /TS2322/, 'a wrong type is accepted')
    }
  })
})

describe('the reader of checkpoints for browsers', () => {
  it('imports nothing of Node and no package', async () => {
    const options = { bundle: true, write: false, metafile: true, logLevel: 'silent' } as const
    const { metafile } = await build({
      ...options,
      absWorkingDir: root,
      entryPoints: ['src/library/checkpoint.ts'],
      platform: 'browser',
    })
    const inputs = Object.entries(metafile.inputs)
    assert.ok(inputs.length > 20)
    for (const [path, { imports }] of inputs) {
      assert.match(path, /^src\//)
      for (const { path: imported } of imports) assert.match(imported, /^src\//, `${path} imports ${imported}`)
    }
  })
})
