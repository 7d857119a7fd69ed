// Opening a 60 GB checkpoint: the time until every tensor's place is known and checked. The shards are sparse files,
// so nothing but headers exists; nothing but headers is read.
//   npx tsx bench/checkpointOpen.ts
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCheckpoint } from '../src/engine/checkpoint/checkpoint.ts'
import { encodeIndex, planShards, type TensorSpec } from '../src/engine/checkpoint/shardFiles.ts'

/** LLaMA 1's 30 B shape in bf16: 60 blocks of hidden size 6656. */
function llama30b(): TensorSpec[] {
  const [hidden, mlp, blocks, vocab] = [6656, 17920, 60, 32000]
  const tensor = (name: string, ...shape: number[]): TensorSpec => ({ name: `${name}.weight`, dtype: 'BF16', shape })
  const specs = [tensor('model.embed_tokens', vocab, hidden)]
  for (let i = 0; i < blocks; i++) {
    const block = `model.layers.${i}`
    for (const name of ['q', 'k', 'v', 'o']) specs.push(tensor(`${block}.self_attn.${name}_proj`, hidden, hidden))
    for (const name of ['gate', 'up']) specs.push(tensor(`${block}.mlp.${name}_proj`, mlp, hidden))
    specs.push(tensor(`${block}.mlp.down_proj`, hidden, mlp))
    for (const name of ['input', 'post_attention']) specs.push(tensor(`${block}.${name}_layernorm`, hidden))
  }
  return [...specs, tensor('model.norm', hidden), tensor('lm_head', vocab, hidden)]
}

/** The same bytes in many small tensors, as mixtures of experts have them: a header of some 6 MB. */
function manyTensors(): TensorSpec[] {
  return Array.from({ length: 60_000 }, (_, i) => {
    const name = `model.layers.${i % 60}.block_sparse_moe.experts.${Math.floor(i / 60)}.w1.weight`
    return { name, dtype: 'BF16', shape: [512, 1024] } as const
  })
}

const repeats = 5
const folder = mkdtempSync(join(tmpdir(), 'sparsescope-bench-'))
try {
  for (const [what, specs, maxShard] of [
    ['543 tensors, 5 GB shards', llama30b(), 5e9],
    ['543 tensors, one file', llama30b(), Infinity],
    ['60,000 tensors, 5 GB shards', manyTensors(), 5e9],
  ] as const) {
    const shards = planShards(specs, new Map([['format', 'pt']]), maxShard)
    for (const { name, header, bytes } of shards) {
      writeFileSync(join(folder, name), header)
      truncateSync(join(folder, name), bytes)
    }
    if (shards.length > 1) writeFileSync(join(folder, 'model.safetensors.index.json'), encodeIndex(shards, null))
    const times: number[] = []
    let read = 0
    for (let i = 0; i < repeats; i++) {
      const start = performance.now()
      const checkpoint = await openCheckpoint(folder)
      times.push(performance.now() - start)
      read = checkpoint.bytesRead()
      await checkpoint.close()
    }
    const gigabytes = shards.reduce((sum, s) => sum + s.bytes, 0) / 1e9
    const [first, best] = [times[0], Math.min(...times)].map((ms) => ms.toFixed(1))
    console.log(`${what}: ${gigabytes.toFixed(1)} GB, ${read} bytes read, first ${first} ms, best ${best} ms`)
    for (const { name } of shards) rmSync(join(folder, name))
    rmSync(join(folder, 'model.safetensors.index.json'), { force: true })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
