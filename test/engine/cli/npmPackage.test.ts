// What `npm pack` packs and `npm i -g` installs: nothing of the repository, nothing but the packed files. The packages with
// native code are optional, so that it installs without a registry; where they are, they are used.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesBelow } from '../../support/killedRuns.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot, lacks } from '../../support/skip.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const natives = ['koffi', 'webgpu']

interface Doctor {
  cpu: { blas: object | null; wasmGflops: number }
  adaptersError: string | null
  remedies: string[]
}

interface Demo {
  folder: string
  report: string
  runs: { output: string; warnings: string[]; perplexity: Record<'dense' | 'pruned' | 'recovered', number> }[]
}

describe('the npm package', function () {
  this.timeout(300_000)
  let place = ''
  let installed = ''
  let work = ''

  before(function () {
    if (process.platform === 'win32') cannot(this, 'on Windows npm puts a global package elsewhere')
    if (!existsSync(join(root, 'dist/cli.mjs'))) lacks(this, 'no dist: run npm run build')
    place = scratch().folder
    work = join(place, 'work')
    mkdirSync(work)
    // Its own cache and settings: what a person has configured or fetched plays no part.
    const npm = (...args: string[]) =>
      execFileSync('npm', args, { cwd: root, env: env({ npm_config_cache: join(place, 'cache') }), stdio: 'pipe' })
    npm('pack', '--silent', '--ignore-scripts', '--pack-destination', place)
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const file = join(place, `sparsescope-${version}.tgz`)
    npm('install', '--silent', '--global', '--prefix', join(place, 'prefix'), '--offline', '--omit=optional', file)
    installed = join(place, 'prefix/lib/node_modules/sparsescope')
  })

  const env = (more: NodeJS.ProcessEnv = {}) => ({
    PATH: [join(place, 'prefix/bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: place,
    // Shaders that Mesa has compiled are kept.
    MESA_SHADER_CACHE_DIR: process.env.MESA_SHADER_CACHE_DIR ?? join(homedir(), '.cache'),
    ...more,
  })
  const sparsescope = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('sparsescope', args, { cwd: work, env: env(), encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout
  }
  const doctor = () => JSON.parse(sparsescope('doctor', '--json')) as Doctor

  it('needs no package but those with native code, and no source of ours', () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    ) as {
      dependencies?: object
      optionalDependencies: object
    }
    assert.equal(dependencies, undefined)
    assert.deepEqual(Object.keys(optionalDependencies), natives)
    const files = Object.keys(filesBelow(installed, () => false))
    assert.deepEqual(
      files.filter((name) => /(?<!\.d)\.ts$|\.map$|^(src|test|bench|scripts|webview-ui)\b|^dist\/backend/.test(name)),
      [],
    )
  })

  it('is a library too, with all types that its entries name', () => {
    const types = (folder: string) => Object.keys(filesBelow(join(folder, 'dist/types'), () => false)).sort()
    assert.ok(types(root).length > 20)
    assert.deepEqual(types(installed), types(root))
    const script = join(place, 'prefix/lib/look.mjs')
    writeFileSync(
      script,
      `import { openCheckpoint } from 'sparsescope'
import { evaluate } from 'sparsescope/engine'
import { openFiles } from 'sparsescope/checkpoint'
const checkpoint = await openCheckpoint(${JSON.stringify(join(installed, 'samples/opt'))})
console.log(checkpoint.tensors.size, typeof evaluate, typeof openFiles)`,
    )
    assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim(), '132 function function')
  })

  it('shows its help, and without native packages computes in WebAssembly and says what would be faster', () => {
    assert.match(sparsescope('--help'), /^ {2}demo /m)
    const { cpu, adaptersError, remedies } = doctor()
    assert.equal(cpu.blas, null)
    assert.ok(cpu.wasmGflops > 0)
    assert.match(adaptersError ?? '', /webgpu/)
    assert.ok(remedies.length > 0)
    const { totals } = JSON.parse(sparsescope('inspect', join(installed, 'samples/opt'), '--stats', '--json')) as {
      totals: { parameters: number }
    }
    assert.equal(totals.parameters, 1_914_368)
  })

  it('runs the demo where the person is, to a table and a report, and writes nothing into itself', () => {
    // The whole way on less text: what it takes long to say is tested nowhere.
    truncateSync(join(installed, 'samples/text/evaluation.txt'), 8000)
    for (const name of readdirSync(join(installed, 'samples')).filter((name) => name.endsWith('.yaml'))) {
      const recipe = join(installed, 'samples', name)
      writeFileSync(recipe, readFileSync(recipe, 'utf8').replace(/(samples|batch_size): \d+/g, '$1: 4'))
    }
    const before = filesBelow(installed, () => true)
    const demo = (name: string, ...args: string[]) => {
      const { folder, report, runs } = JSON.parse(sparsescope('demo', ...args, '--steps', '2', '--json')) as Demo
      assert.equal(folder, join(work, name))
      for (const { output, perplexity, warnings } of runs) {
        assert.ok(existsSync(join(output, 'model.safetensors')))
        assert.deepEqual(
          warnings.filter((text) => text.includes('--memory')),
          [],
        )
        assert.ok(perplexity.dense < perplexity.recovered && perplexity.recovered < perplexity.pruned)
      }
      const page = readFileSync(report, 'utf8')
      return { page, rows: runs.length }
    }
    const [one, all] = [demo('sparsescope-demo'), demo('all', 'all', '--all')]
    assert.match(one.page, /<title>[^<]*: done<[^]*Cost of pruning, before and after recovery/)
    assert.match(all.page, /4 runs\. Best: /)
    assert.deepEqual([one.rows, all.rows], [1, 4])
    assert.deepEqual(
      filesBelow(installed, () => true),
      before,
    )
  })

  it('never puts the demo over what is there', () => {
    writeFileSync(join(work, 'mine'), 'kept')
    const { status, stderr } = spawnSync('sparsescope', ['demo', 'mine'], { cwd: work, env: env(), encoding: 'utf8' })
    assert.equal(status, 2)
    assert.match(stderr, /mine is there already/)
    assert.equal(readFileSync(join(work, 'mine'), 'utf8'), 'kept')
  })

  it('uses the native packages where they are', () => {
    mkdirSync(join(installed, 'node_modules'))
    for (const name of natives) symlinkSync(join(root, 'node_modules', name), join(installed, 'node_modules', name))
    const { cpu, adaptersError, remedies } = doctor()
    assert.equal(adaptersError, null)
    assert.ok(cpu.blas !== null || !remedies.some((remedy) => remedy.includes('koffi')))
  })
})
