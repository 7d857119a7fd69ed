import assert from 'node:assert/strict'
import { pushLines } from '../../../src/cli/push.ts'

describe('what a push would send, as lines', () => {
  const file = (path: string) => ({
    path,
    bytes: 1,
    sha256: '',
    sha1: '',
    state: 'new' as const,
    content: { file: path },
  })
  const shards = Array.from({ length: 300 }, (_, i) => `model-${i}.safetensors`)
  const strangers = Array.from({ length: 40 }, (_, i) => `stranger-${i}.txt`)
  const plan = {
    ...{ name: { repository: 'me/tiny', revision: 'main' }, address: 'https://hub.example/me/tiny' },
    ...{ exists: true, hasBranch: true, isPrivate: false, files: [...shards, ...strangers].map(file) },
  }

  it('begin with the warning about paths, and list every file that the run did not write before its own', () => {
    const lines = pushLines(plan, { ofRun: new Set(shards), ownPaths: ['/home/me'] })
    assert.match(lines[0], /^warning: .* names paths of this machine: \/home\/me$/)
    assert.match(lines[1], /^the repository me\/tiny .* PUBLIC/)
    assert.deepEqual(
      lines.slice(3).map((line) => line.trim().split(',')[0]),
      [...strangers, ...shards],
    )
  })

  it('have no warning where the recipe names no path', () => {
    assert.match(pushLines(plan, { ofRun: new Set(), ownPaths: [] })[0], /^the repository me\/tiny/)
  })
})
