// The form of a recipe in its host.
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RecipeChoices } from '../../../src/recipe/writing/choices.ts'
import type * as module from '../../../src/extension/recipe/recipePanels.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { fakePanels, fakeUri } from '../../support/fakePanels.ts'
import { scratch } from '../../support/scratch.ts'
import { until } from '../../support/until.ts'

const facts = {
  ...{ bytes: 1e6, parameters: 1e6, dtypes: ['BF16'], sparsity: null, biases: true, maxPositions: 512, blocks: 2 },
  ...{ isModel: true, problem: null },
}

describe('the form of a recipe', () => {
  it('writes and runs a recipe once, also if its button is pressed twice, and again after a failure', async () => {
    const { folder } = scratch()
    const weights = join(folder, 'm', 'model.safetensors')
    mkdirSync(dirname(weights))
    writeFileSync(weights, '')
    let isFull = true
    const failures: unknown[] = []
    const workspace = {
      findFiles: async () => [],
      fs: {
        async writeFile({ fsPath }: { fsPath: string }, text: Uint8Array) {
          // Writing takes a while, such as on a remote machine.
          await new Promise((resolve) => setTimeout(resolve, 20))
          if (isFull) throw new Error('ENOSPC')
          writeFileSync(fsPath, text)
        },
      },
    }
    const { vscode, panels, commands } = fakePanels({ workspace, window: { showTextDocument: async () => undefined } })
    const { RecipePanels } = await extensionModule<typeof module>('recipe/recipePanels.ts', { vscode })
    const services = {
      extensionUri: fakeUri('/e'),
      context: { subscriptions: [] },
      facts: { read: async () => facts },
      log: { failed: (error: unknown) => failures.push(error) },
    }
    new RecipePanels(services as unknown as ConstructorParameters<typeof RecipePanels>[0]).show({
      weights,
      kind: 'prune',
    })
    const [panel] = panels
    panel.say({ type: 'ready' })
    const start = await until('the start', () => panel.posted.find(({ type }) => type === 'start'))
    const { choices } = start as unknown as { choices: RecipeChoices }
    const press = () => panel.say({ type: 'create', choices, run: true })
    press()
    await until('the failure', () => failures.length > 0)
    assert.deepEqual([failures.length, panel.isDisposed], [1, false])
    isFull = false
    press()
    press()
    const runs = () => commands.filter(([name]) => name === 'sparsescope.runRecipe').length
    await until('the run', () => panel.isDisposed && runs() > 0)
    // A second recipe would be written by now.
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual([runs(), readdirSync(folder).length], [1, 2])
  })
})
