// The npm package made in a fresh clone and installed, by the commands of README, of the guide and of the workflow that publishes it:
// nothing of the repository, nothing but the packed files. The packages with native code are optional, so that it installs
// without a registry; where they are, they are used.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { filesBelow } from '../../support/killedRuns.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot, lacks } from '../../support/skip.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const natives = ['koffi', 'webgpu']
const text = (name: string) => readFileSync(join(root, name), 'utf8')

/** Files of a clone. Pictures, tests and benches are the larger part, and nothing of them is packed. */
function cloneInto(folder: string, context: Mocha.Context): void {
  if (!existsSync(join(root, '.git'))) cannot(context, 'this is no clone: what belongs to the repository is not known')
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0')
  const files = listed.filter((name) => name !== '' && !/^(test|bench|docs)\//.test(name))
  for (const name of files) if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name))
  // Its packages are those of this repository, and newer than the lock file: nothing is installed.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  utimesSync(join(folder, 'package-lock.json'), 0, 0)
}

/** What the workflow runs between its set-up and its upload, without the check of the tag. */
function commandsOfWorkflow(): string[] {
  const { jobs } = parse(text('.github/workflows/release.yml')) as { jobs: { npm: { steps: { run?: string }[] } } }
  return jobs.npm.steps.flatMap(({ run }) => (run && !run.includes('GITHUB_REF_NAME') ? [run] : []))
}

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

  /** As README and guide write them, and as the workflow runs the first. */
  const [, pack, install] =
    /command line alone, run `(npm run [\w:]+)` and then `(npm i -g \S+\.tgz)`/.exec(text('README.md')) ?? []

  before(function () {
    if (process.platform === 'win32') cannot(this, 'on Windows npm puts a global package elsewhere')
    if (!existsSync(join(root, 'node_modules/esbuild'))) lacks(this, 'no npm packages: run npm run setup')
    place = scratch().folder
    work = join(place, 'work')
    mkdirSync(work)
    const clone = join(place, 'clone')
    cloneInto(clone, this)
    // Its own cache and settings: what a person has configured or fetched plays no part.
    const npm = {
      npm_config_cache: join(place, 'cache'),
      npm_config_prefix: join(place, 'prefix'),
      npm_config_offline: 'true',
      npm_config_omit: 'optional',
    }
    for (const command of [pack, install]) {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
        cwd: clone,
        env: env(npm),
        encoding: 'utf8',
      })
      if (/ENOTCACHED|ECACHE|EOFFLINE/.test(stderr)) cannot(this, `npm cannot install offline here: ${stderr.trim()}`)
      assert.equal(status, 0, `${command}\n${stdout}${stderr}`)
    }
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

  it('is made and installed by the commands of README, guide and workflow', () => {
    assert.ok(text('docs/guide.md').includes(`\`${pack} && ${install}\``))
    assert.deepEqual(commandsOfWorkflow(), [pack])
    const { version } = JSON.parse(text('package.json')) as { version: string }
    assert.equal(sparsescope('--version').trim(), version)
  })

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
