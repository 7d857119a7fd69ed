// The backends of the tests of pruning: with and without BLAS, and any GPU, a software one too.
import { openCpu } from '../../src/engine/compute/cpu/open.ts'
import type { PruneHost } from '../../src/engine/prune/host.ts'
import { variants } from './extent.ts'
import { openOrSkip } from './webgpu.ts'

const all: Readonly<Record<string, (context: Mocha.Context) => Promise<PruneHost>>> = {
  'blas auto': () => openCpu({ threads: 2, blas: 'auto' }),
  'blas none': () => openCpu({ threads: 2, blas: 'none' }),
  wgpu: (context) => openOrSkip(context),
}

export const pruneHosts = variants(all, ['blas auto'])
