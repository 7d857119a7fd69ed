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

/** A client whose `start` and `sendNotification` are these; `told` are the folders that the server was told. */
async function clientThat(start: () => Promise<void>, send: () => Promise<void>) {
  const errors: string[] = []
  const told: string[][] = []
  let changed = () => {}
  class LanguageClient {
    start = start
    isRunning = () => true
    needsStop = () => false
    sendNotification = async (_method: string, { folders }: { folders: string[] }) => {
      await send()
      told.push(folders)
    }
  }
  const others = { vscode, 'vscode-languageclient/node': { LanguageClient, TransportKind: {} } }
  const client = await extensionModule<{ startRecipeClient: typeof startRecipeClient }>(
    'recipe/languageClient.ts',
    others,
  )
  client.startRecipeClient({
    server: 'server.cjs',
    channel: { error: (text: string) => errors.push(text) } as unknown as Parameters<
      typeof startRecipeClient
    >[0]['channel'],
    language: 'prune',
    runs: {
      folders: () => ['/runs'],
      onChange: (listener) => {
        changed = listener
        return { dispose() {} }
      },
    },
  })
  const change = async () => {
    changed()
    await turn()
  }
  await turn()
  return { errors, told, change }
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
      const { errors, told } = await clientThat(
        async () => Promise.reject(new Error('no such module')),
        async () => {},
      )
      assert.deepEqual(errors, ['recipe language server: no such module'])
      assert.deepEqual(told, [])
    })
    assert.deepEqual(unhandled, [])
  })

  it('logs that the folders of runs could not be told, and tells them at the next change', async () => {
    let isBroken = true
    const unhandled = await unhandledIn(async () => {
      const { errors, told, change } = await clientThat(
        async () => {},
        async () => (isBroken ? Promise.reject(new Error('connection is closed')) : undefined),
      )
      assert.deepEqual(errors, ['recipe language server: connection is closed'])
      isBroken = false
      await change()
      await change()
      assert.deepEqual(told, [['/runs']])
    })
    assert.deepEqual(unhandled, [])
  })
})
