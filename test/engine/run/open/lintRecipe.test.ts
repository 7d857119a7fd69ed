// What lint says of a recipe, runs, dry runs and sweeps say too: each rule's bad example through all of them, on a disk.
import assert from 'node:assert/strict'
import { EngineError } from '../../../../src/engine/errors.ts'
import { lintText } from '../../../../src/engine/facts/recipeFacts.ts'
import { planOfRecipe } from '../../../../src/engine/run/open/dryRun.ts'
import { readRecipe, warningsOfRecipe } from '../../../../src/engine/run/open/recipeFile.ts'
import { plannedSweep } from '../../../../src/engine/sweep/openSweep.ts'
import { rules } from '../../../../src/lint/lint.ts'
import { cliIn } from '../../../support/cli.ts'
import { exampleText, writeSurroundings } from '../../../support/ruleExamples.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../../support/tinyModel.ts'

/** Messages, or null where the recipe is refused. */
async function orRefused(body: () => Promise<readonly string[]>): Promise<readonly string[] | null> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof EngineError) return null
    throw error
  }
}

describe('all that lint says of a recipe beside its model', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  for (const rule of rules) {
    it(`${rule.name} is said by a run, a dry run and a sweep, too`, async () => {
      writeSurroundings(rule, temp.folder)
      const text = exampleText(rule, rule.bad)
      const path = temp.write('a.prune.yaml', text)
      const { findings } = await lintText(text, { folder: temp.folder })
      if (rule.needs !== 'machine')
        assert.ok(
          findings.some(({ name }) => name === rule.name),
          `lint does not say it\n${text}`,
        )
      const isWrong = findings.some(({ severity }) => severity === 'error')
      const told = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
      const expected = [...new Set(told.map(({ message }) => message))].sort()

      const isSwept = /^sweep:/m.test(text)
      const swept = isSwept ? path : temp.write('b.prune.yaml', `${text}sweep: {seed: [0, 1]}\n`)
      const commands: Record<string, () => Promise<readonly string[]>> = {
        sweep: async () => (await plannedSweep({ path: swept, settings: [] }, 8e9)).warnings,
        ...(!isSwept && {
          run: async () => warningsOfRecipe(await readRecipe(path), {}),
          'run --set': async () => warningsOfRecipe(await readRecipe(path, ['precision=auto']), {}),
          'run --dry-run': async () => {
            const { warnings, errors } = await planOfRecipe(path, [])
            return [...warnings, ...errors]
          },
        }),
      }
      for (const [command, body] of Object.entries(commands)) {
        const said = await orRefused(body)
        if (said === null) assert.ok(isWrong, `${command} refuses what lint does not\n${text}`)
        else if (isSwept) for (const message of expected) assert.ok(said.includes(message), `${command}: ${message}`)
        else assert.deepEqual([...new Set(said)].sort(), expected, `${command}\n${text}`)
      }
    })
  }

  it('says in every command that a model is sparser than asked', async () => {
    const place = scratch()
    await writeTinyModel(place.path('dense'))
    writeTinyIds(place.path('ids.safetensors'))
    const cpu = ['--device', 'cpu']
    const said = async (...args: string[]) => {
      const { stdout, stderr } = await cliIn(place.folder, ...args)
      return `${stdout}\n${stderr}`
    }
    const magnitude = ['--method', 'magnitude', ...cpu, '--out']
    assert.match(await said('prune', 'dense', '--pattern', '2:4', ...magnitude, 'm'), /Saved to/)
    const recover = { mode: 'retrain', data: 'ids.safetensors', seq_len: 16, steps: 2, train: ['full'], lr: 1e-3 }
    const one = {
      version: 1,
      model: 'm',
      prune: [{ method: 'magnitude', sparsity: 0.3 }],
      recover,
      save: { to: 'out' },
    }
    const [path, swept] = [place.recipe('a', one), place.recipe('b', { ...one, sweep: { seed: [0, 1] } })]
    const sparser = /already sparser \(50 %\): raise the sparsity, or remove this step/
    for (const args of [
      ['lint', path],
      ['run', path, '--dry-run'],
      ['run', path, ...cpu],
      ['prune', 'm', '--sparsity', '0.3', ...magnitude, 'again'],
      ['sweep', 'plan', swept],
      ['sweep', 'run', swept, ...cpu],
      ['sweep', 'plan', swept],
    ])
      assert.match(await said(...args), sparser, args.join(' '))
  })
})
