import assert from 'node:assert/strict'
import { pushText, type PlannedPush } from '../../../src/protocol/push.ts'

describe('what a push would send, as lines', () => {
  const file = (path: string, ofRun: boolean) => ({ path, bytes: 1, state: 'new' as const, made: false, ofRun })
  const shards = Array.from({ length: 300 }, (_, i) => file(`model-${i}.safetensors`, true))
  const strangers = Array.from({ length: 40 }, (_, i) => file(`stranger-${i}.txt`, false))
  const push: PlannedPush = {
    ...{ repository: 'me/tiny', revision: 'main', address: 'https://hub.example/me/tiny' },
    ...{ exists: true, hasBranch: true, isPrivate: false, files: [...shards, ...strangers] },
  }

  it('begin with the warning about paths, and list every file that the run did not write before its own', () => {
    const lines = pushText(push, ['/home/me'], 12)
    assert.match(lines[0], /^warning: .* names paths of this machine: \/home\/me$/)
    assert.match(lines[1], /PUBLIC/)
    assert.deepEqual(
      lines.slice(3, 43).map((line) => line.trim().split(',')[0]),
      strangers.map(({ path }) => path),
    )
    assert.equal(lines.length, 3 + 40 + 12 + 1)
    assert.equal(lines.at(-1), '  and 288 more that the run wrote')
  })

  it('list all files where no limit is given, and no warning where there is no path', () => {
    const lines = pushText(push, [])
    assert.equal(lines.length, 2 + 340)
    assert.match(lines[0], /^the repository me\/tiny/)
  })
})
