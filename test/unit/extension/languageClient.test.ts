// The client of the recipe language when its server fails.
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { startRecipeClient } from '../../../src/extension/recipe/languageClient.ts'
import { extensionModule } from '../../support/extensionModule.ts'

const vscode = {
  Uri: { file: (path: string) => path },
  RelativePattern: class {},
  workspace: { createFileSystemWatcher: () => ({ dispose() {} }) },
}

/** What a client logs whose server does not start. */
async function errorsOfClient(start: () => Promise<void>): Promise<string[]> {
  const errors: string[] = []
  class LanguageClient {
    start = start
  }
  const others = { vscode, 'vscode-languageclient/node': { LanguageClient, TransportKind: {} } }
  const client = await extensionModule<{ startRecipeClient: typeof startRecipeClient }>(
    'recipe/languageClient.ts',
    others,
  )
  type Channel = Parameters<typeof startRecipeClient>[0]['channel']
  const channel = { error: (text: string) => errors.push(text) } as unknown as Channel
  client.startRecipeClient({ server: 'server.cjs', channel, language: 'prune' })
  await turn()
  return errors
}

/** Rejections that nothing handles, while `work` runs. */
async function unhandledIn(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = []
  const mochas = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (reason) => unhandled.push(reason))
  try {
    await work()
    await turn()
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of mochas) process.on('unhandledRejection', listener)
  }
  return unhandled
}

describe('the client of the recipe language', () => {
  it('logs why its server did not start, and leaves no rejection unhandled', async () => {
    const unhandled = await unhandledIn(async () => {
      const errors = await errorsOfClient(() => Promise.reject(new Error('no such module')))
      assert.deepEqual(errors, ['recipe language server: no such module'])
    })
    assert.deepEqual(unhandled, [])
  })
})
