// The npm package made in a fresh clone, by the commands of README, of the guide and of the workflow that publishes it.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, symlinkSync, utimesSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { scratch } from '../../support/scratch.ts'
import { cannot, lacks } from '../../support/skip.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
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

describe('the npm package of a fresh clone', function () {
  this.timeout(300_000)
  let place = ''
  before(function () {
    if (process.platform === 'win32') cannot(this, 'on Windows npm puts a global package elsewhere')
    if (!existsSync(join(root, 'node_modules/esbuild'))) lacks(this, 'no npm packages: run npm run setup')
    place = scratch().folder
    cloneInto(join(place, 'clone'), this)
  })

  it('holds the program, by the commands of README, guide and workflow', function () {
    const [, pack, install] =
      /command line alone, run `(npm run [\w:]+)` and then `(npm i -g \S+\.tgz)`/.exec(text('README.md')) ?? []
    assert.ok(pack && install)
    assert.ok(text('docs/guide.md').includes(`\`${pack} && ${install}\``))
    assert.deepEqual(commandsOfWorkflow(), [pack])
    const prefix = join(place, 'prefix')
    const run = (command: string) => {
      const env = {
        PATH: [join(prefix, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
        HOME: place,
        npm_config_cache: join(place, 'cache'),
        npm_config_prefix: prefix,
        npm_config_offline: 'true',
        npm_config_omit: 'optional',
      }
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
        cwd: join(place, 'clone'),
        env,
        encoding: 'utf8',
      })
      if (/ENOTCACHED|ECACHE|EOFFLINE/.test(stderr)) cannot(this, `npm cannot install offline here: ${stderr.trim()}`)
      assert.equal(status, 0, `${command}\n${stdout}${stderr}`)
      return stdout.trim()
    }
    run(pack)
    run(install)
    const { version } = JSON.parse(text('package.json')) as { version: string }
    assert.equal(run('sparsescope --version'), version)
  })
})
