import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cli, cliJson } from '../../support/cli.ts'
import { scratch, type Scratch } from '../../support/safetensors.ts'
import { goldenPath } from '../../support/shared.ts'

describe('bitmask checkpoints on the command line', () => {
  let temp: Scratch
  beforeEach(() => void (temp = scratch()))
  afterEach(() => temp.remove())
  const path = (name: string) => join(temp.folder, name)
  const prune = (to: string, ...more: string[]) =>
    cliJson('prune', goldenPath('llama'), '--method', 'magnitude', '--sparsity', '0.6', '--out', path(to), ...more)

  it('are smaller, as the dense one was told to become, and come back byte for byte', async () => {
    await prune('dense')
    await prune('bits', '--format', 'bitmask')
    const totals = async (name: string) =>
      (await cliJson('inspect', path(name), '--stats')).totals as Record<string, number>
    const [before, after] = [await totals('dense'), await totals('bits')]
    assert.equal(after.stored_bytes, before.bitmask_bytes)
    assert.ok(after.stored_bytes < before.bytes)
    assert.deepEqual(
      [after.bytes, after.zeros, after.bitmask_bytes, before.stored_bytes],
      [before.bytes, before.zeros, undefined, undefined],
    )
    const json = await cliJson('expand', path('bits'), path('back'))
    assert.ok((json.bytes_before as number) < (json.bytes as number))
    for (const name of ['model.safetensors', 'config.json', 'sparsescope.mask'])
      assert.ok(readFileSync(join(path('back'), name)).equals(readFileSync(join(path('dense'), name))), name)
    const verdict = await cliJson('compare', path('bits'), path('back'))
    assert.equal(verdict.mask_preserved, true)
  })

  it('say what to do before they are served', async () => {
    const { stdout } = await cli(
      ...['prune', goldenPath('llama'), '--method', 'magnitude', '--sparsity', '0.6', '--out', path('bits')],
      ...['--format', 'bitmask'],
    )
    assert.match(stdout, /kept values and bits; make it dense with `sparsescope expand`/)
    assert.match(
      (await cli('inspect', path('bits'))).stdout,
      /pruned linears are stored as bitmasks: .* when it is dense/,
    )
  })

  it('refuse with 2 what is dense, and a size that is none; nothing is written', async () => {
    const dense = await cli('expand', goldenPath('llama'), path('out'))
    assert.equal(dense.status, 2)
    assert.match(dense.stderr, /dense already/)
    assert.equal((await cli('expand', goldenPath('llama'), path('out'), '--max-shard', 'much')).status, 2)
    assert.ok(!existsSync(path('out')))
  })
})
