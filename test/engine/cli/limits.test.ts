// What a shell allows a process: few open files, little address space. A command does its work or says in a sentence why not.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { entry } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { cannot } from '../../support/skip.ts'

const model = goldenPath('opt')

function limited(limit: string, ...args: string[]) {
  const script = `ulimit ${limit} && exec "$0" "$@"`
  return spawnSync('sh', ['-c', script, process.execPath, entry, ...args], { encoding: 'utf8', timeout: 60_000 })
}

describe('a process that is allowed little', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  for (const files of [20, 24, 28, 32])
    it(`prunes with ${files} open files, or says that they are too few`, function () {
      if (process.platform === 'win32') return cannot(this, 'Windows has no ulimit')
      const out = join(temp.folder, 'out')
      const args = ['prune', model, '--method', 'magnitude', '--sparsity', '0.5', '--device', 'cpu', '--out', out]
      const { status, stderr } = limited(`-n ${files}`, ...args)
      if (status !== 0) {
        assert.equal(status, 1, stderr)
        assert.match(stderr, /sparsescope: .*too many files are open; raise the limit \(ulimit -n\)\n$/)
        assert.deepEqual(readdirSync(temp.folder), [])
      }
      assert.doesNotMatch(stderr, /^ {4}at /m)
    })

  it('looks at a header without asking for gigabytes of address space', function () {
    if (process.platform !== 'linux') return cannot(this, 'only Linux counts address space so')
    for (const kilobytes of [1_500_000, 3_000_000]) {
      const { status, stderr } = limited(`-v ${kilobytes}`, 'inspect', model, '--json')
      assert.equal(status, 0, stderr)
    }
  })
})
