import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBitmaskFolder } from '../../support/bitmaskFolder.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('bitmask checkpoints on the command line', () => {
  let temp: Scratch
  beforeEach(() => void (temp = scratch()))
  const path = (name: string) => join(temp.folder, name)
  async function pruned() {
    const options = ['--method', 'magnitude', '--sparsity', '0.6', '--out', path('dense')]
    await cliJson('prune', goldenPath('llama'), ...options)
    await writeBitmaskFolder(path('dense'), path('bits'))
  }

  it('are smaller, and `expand` makes them dense byte for byte', async () => {
    await pruned()
    const totals = async (name: string) =>
      (await cliJson('inspect', path(name), '--stats')).totals as Record<string, number>
    const [before, after] = [await totals('dense'), await totals('bits')]
    assert.ok(after.stored_bytes < before.bytes)
    assert.deepEqual([after.bytes, after.zeros, before.stored_bytes], [before.bytes, before.zeros, undefined])
    const json = await cliJson('expand', path('bits'), path('back'))
    assert.ok((json.bytes_before as number) < (json.bytes as number))
    for (const name of ['model.safetensors', 'config.json', 'sparsescope.mask'])
      assert.ok(readFileSync(join(path('back'), name)).equals(readFileSync(join(path('dense'), name))), name)
    const verdict = await cliJson('compare', path('bits'), path('back'))
    assert.equal(verdict.mask_preserved, true)
  })

  it('say what to do before they are served', async () => {
    await pruned()
    assert.match(
      (await cli('inspect', path('bits'))).stdout,
      /pruned linears are stored as bitmasks: .* after sparsescope expand/,
    )
  })

  it('are refused with 2 where they are dense or a size is invalid, and nothing is written', async () => {
    const dense = await cli('expand', goldenPath('llama'), path('out'))
    assert.equal(dense.status, 2)
    assert.match(dense.stderr, /dense already/)
    assert.equal((await cli('expand', goldenPath('llama'), path('out'), '--max-shard', 'much')).status, 2)
    assert.ok(!existsSync(path('out')))
  })
})
