// A whole synthetic model, larger than what a run may use: pruned by Wanda and reconstructed a little, once to its end and
// once killed in the middle and resumed. Both must save the same bytes.
//   npx tsx bench/wholeModel.ts --out FOLDER [--shape llama-7b] [--memory 8GB]
// llama-7b needs 40 GB of disk: the model and its two results.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { cleanEnvironment, machine, root, sparsescope } from './support/process.ts'
import { writeRandomIds } from './support/randomIds.ts'
import { writeRandomModel } from './support/randomModel.ts'
import { shapes } from './support/shapes.ts'

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'out/whole-model' },
    shape: { type: 'string', default: 'llama-7b' },
    memory: { type: 'string', default: '8GB' },
  },
})
const out = resolve(options.out)
const { blocks } = shapes[options.shape]
const [model, idsFile] = [join(out, options.shape), join(out, 'ids.safetensors')]
mkdirSync(out, { recursive: true })
if (!existsSync(join(model, 'config.json'))) writeRandomModel(model, options.shape)
writeRandomIds(idsFile, [2, 512])

interface Report {
  peak_memory_mb: number
}

/** The recipe whose result goes to `name`. */
function recipeFor(name: string): string {
  const [file, to] = [join(out, `${name}.prune.yaml`), join(out, name)]
  rmSync(to, { recursive: true, force: true })
  const recipe = {
    version: 1,
    model,
    prune: [{ method: 'wanda', sparsity: 0.5 }],
    calibration: { data: idsFile, samples: 2, seq_len: 512 },
    recover: { mode: 'reconstruct', train: ['norm', 'mask_lora'], steps: 2, lora: { rank: 16 } },
    save: { to },
  }
  writeFileSync(file, JSON.stringify(recipe, null, 2))
  return file
}

const settings = ['--device', 'cpu', '--memory', options.memory]
const whole = recipeFor('whole')
const plan = sparsescope<{ estimates: { seconds: number; memoryBytes: number } }>(
  'run',
  whole,
  ...settings,
  '--dry-run',
)
const { json: report, seconds, processorSeconds } = sparsescope<Report>('run', whole, ...settings)

const folder = await killAfter(recipeFor('killed'), Math.floor(blocks / 2))
const resumed = sparsescope<Report>('run', '--resume', folder, ...settings)
const [a, b] = await Promise.all(['whole', 'killed'].map((name) => hashOf(join(out, name))))
if (a !== b) throw new Error(`${join(out, 'whole')} and ${join(out, 'killed')} differ`)

console.log(`${machine()}, --memory ${options.memory}, ${options.shape}, ${new Date().toISOString()}`)
const { estimates } = plan.json
console.table({
  'to its end': {
    seconds: Math.round(seconds),
    'processor s': Math.round(processorSeconds),
    MB: report.peak_memory_mb,
  },
  foretold: { seconds: Math.round(estimates.seconds), MB: Math.round(estimates.memoryBytes / 2 ** 20) },
  'second half, resumed': { seconds: Math.round(resumed.seconds), MB: resumed.json.peak_memory_mb },
})
console.log(
  `killed after ${Math.floor(blocks / 2)} of ${blocks} blocks and resumed: the same bytes (sha256 ${a.slice(0, 16)}…)`,
)

/** Kills the run when so many blocks are done. Returns its folder. */
async function killAfter(recipe: string, count: number): Promise<string> {
  const args = [join(root, 'dist/cli.mjs'), 'run', recipe, ...settings, '--json']
  const child = spawn(process.execPath, args, { env: cleanEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] })
  let folder = ''
  let done = 0
  for await (const line of createInterface({ input: child.stderr })) {
    folder ||= /^run folder: (.+)$/.exec(line)?.[1] ?? ''
    if (/^block \d+/.test(line) && ++done === count) child.kill('SIGKILL')
  }
  if (!child.killed) throw new Error('the run ended before it was killed')
  return resolve(folder)
}

/** Hash of the weights and the mask. */
async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of readdirSync(folder).sort())
    if (/\.safetensors$|^sparsescope\.mask$/.test(name))
      await pipeline(createReadStream(join(folder, name)), hash, { end: false })
  return hash.digest('hex')
}
