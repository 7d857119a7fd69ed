// Whole-model pruning against the authors' own results (goldens <arch>/prune): masks bit for bit, weights, statistics.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import type { PruneHost } from '../../../src/engine/prune/host.ts'
import { pruneHosts } from '../../support/pruneHosts.ts'
import { goldenPath } from '../../support/shared.ts'
import { checkPruning } from './pruneGoldens.ts'

for (const [title, open] of pruneHosts)
  describe(`pruning agrees with the goldens, ${title}`, function () {
    this.timeout(300_000)
    let host: PruneHost
    before(async function () {
      host = await open(this)
    })
    after(() => host?.close())

    for (const arch of ['opt', 'llama']) {
      const folder = goldenPath(arch, 'prune')
      const files = readdirSync(folder).filter((file) => /_.*\.safetensors$/.test(file))
      it(`${arch}: the goldens are there`, () => assert.ok(files.length >= 12))
      for (const file of files) it(`${arch}: ${file.replace('.safetensors', '')}`, () => checkPruning(host, arch, file))
    }
  })
