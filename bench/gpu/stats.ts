// Registers, workgroup memory, waves and memory instructions of every shader, as Mesa's compiler for AMD makes it for polaris10.
//   npx tsx bench/gpu/stats.ts [START OF A NAME]        Linux with Debian's mesa-vulkan-drivers; no GPU is needed
import { amdStats, countOf } from '../../test/support/amdCompiler.ts'

const stats = amdStats()
if ('missing' in stats) {
  console.error(stats.missing)
  process.exit(1)
}
const head = ['shader', 'VGPRs', 'SGPRs', 'LDS', 'scratch', 'spills', 'waves', 'loads', 'stores', 'LDS reads', 'writes']
const rows = stats
  .filter(({ key }) => key.startsWith(process.argv[2] ?? ''))
  .map((s) => [
    ...[s.key, s.vgprs, s.sgprs, s.lds, s.scratch, s.spills, s.waves],
    ...['buffer_load', 'buffer_store', 'ds_read', 'ds_write'].map((start) => countOf(s, start)),
  ])
for (const cells of [head, ...rows])
  console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(44) : String(cell).padStart(9))).join(' '))
