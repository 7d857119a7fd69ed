// The folder that scripts/screenshots.mjs opens: models, recipes, a sweep, and a run that is half done.
import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { sleep } from './server.mjs'

const evaluate =
  '  - { task: perplexity, data: text/evaluation.txt, samples: 8, seq_len: 256, at: [dense, pruned, recovered] }'

/** A schedule over depth, which gives the map contrast. */
const prunedRecipe = (model) => `version: 1
model: ${model}
prune:
  - { method: wanda, sparsity: 0.5, allocation: depth, depth: { spread: 0.15 } }
calibration: { data: text/train.jsonl, samples: 4, seq_len: 256 }
save: { to: ${model}-wanda }
`

/** With `pattern: "1:4"` it has a finding, with a fix. */
const alpsRecipe = (model, how) => `version: 1
model: ${model}
seed: 0
prune:
  - method: alps
    ${how}
calibration: { data: text/train.jsonl, samples: 64, seq_len: 512 }
recover:
  mode: retrain
  train: [norm, mask_lora]
  steps: 120
  lr: 5.0e-4
  loss: { dense: 0.5, temperature: 2 }
  data: text/train.jsonl
  samples: 200
  seq_len: 512
evaluate:
  - { task: perplexity, data: text/evaluation.txt, seq_len: 512, at: [dense, pruned, recovered] }
save: { to: ${model}-alps }
`

/** Pruning is fast, and the recovery has something to recover at each measurement on the way. */
const halfRecipe = (model) => `version: 1
model: ${model}
seed: 0
prune:
  - { method: magnitude, sparsity: [0.4, 0.6] }
recover:
  mode: retrain
  train: [norm]
  steps: 32
  lr: 5.0e-3
  data: text/train.jsonl
  samples: 32
  seq_len: 128
evaluate:
  - { task: perplexity, data: text/evaluation.txt, samples: 4, seq_len: 128, at: [dense, pruned, recovered], every: 4 }
save: { to: ${model}-recovered }
`

const smallRecipe = (model) => `version: 1
model: ${model}
seed: 0
prune: [{ method: wanda, sparsity: 0.6 }]
calibration: { data: text/train.jsonl, samples: 8, seq_len: 256 }
recover: { mode: reconstruct, train: [norm], steps: 8, lr: 1.0e-3 }
evaluate:
${evaluate}
save: { to: ${model}-wanda60 }
`

/** Methods and sparsities where recovery matters. */
const sweepRecipe = (model) => `version: 1
model: ${model}
seed: 0
prune: [{ method: magnitude, sparsity: 0.5 }]
calibration: { data: text/train.jsonl, samples: 8, seq_len: 256 }
recover: { mode: retrain, train: [norm], steps: 32, lr: 5.0e-3, data: text/train.jsonl, samples: 32, seq_len: 128 }
evaluate:
${evaluate}
sweep:
  prune.0.method: [magnitude, wanda]
  prune.0.sparsity: [0.4, 0.5, 0.6]
`

/**
 * Makes `folder`, unless an earlier call has: `small` and `large` name its models. `models` is a folder of model folders, whose smallest
 * and largest are taken; null takes the bundled sample for both.
 */
export function makeWorkspace(root, folder, models) {
  const sample = join(root, 'samples/opt')
  const found = models === null ? [sample] : modelsOf(models)
  const [small, large] = [found[0], found[found.length - 1]].map((path) => basename(path))
  const cli = (...args) => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.mjs'), ...args], {
      cwd: folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`sparsescope ${args.join(' ')}: ${stderr}`)
  }
  const once = (name, make) => {
    if (!existsSync(join(folder, name))) make()
  }
  const run = (name, recipe, ...command) => {
    writeFileSync(join(folder, name), recipe)
    cli(...command, name, '--device', 'cpu')
  }
  once('text', () => cpSync(join(root, 'samples/text'), join(folder, 'text'), { recursive: true }))
  for (const path of [sample, ...found]) once(basename(path), () => linkModel(path, join(folder, basename(path))))
  writeFileSync(join(folder, 'alps.prune.yaml'), alpsRecipe(small, 'pattern: "1:4"'))
  writeFileSync(join(folder, 'alps50.prune.yaml'), alpsRecipe(small, 'sparsity: 0.5'))
  writeFileSync(join(folder, 'half.prune.yaml'), halfRecipe(small))
  const text = ['--calibration', 'text/train.jsonl', '--samples', '4', '--seq-len', '128']
  once('.sparsescope/analyses', () =>
    cli('analyse', large, ...text, '--method', 'wanda', '--sparsity', '0.5', '--device', 'cpu'),
  )
  once(`${large}-wanda`, () => run('wanda.prune.yaml', prunedRecipe(large), 'run'))
  once(`${small}-wanda60`, () => run('wanda60.prune.yaml', smallRecipe(small), 'run'))
  once(`${small}-merged`, () => mergeLora(join(folder, `${small}-wanda60`), join(folder, `${small}-merged`)))
  once('sweep.prune.yaml', () => run('sweep.prune.yaml', sweepRecipe(small), 'sweep', 'run'))
  return { small, large }
}

/** Folders with a model in one file, the smallest first. */
function modelsOf(models) {
  const size = (path) => statSync(join(path, 'model.safetensors')).size
  const found = readdirSync(models).map((name) => join(models, name))
  const all = found.filter((path) => existsSync(join(path, 'model.safetensors')))
  if (all.length === 0) throw new Error(`${models} has no folder with a model.safetensors`)
  return all.sort((a, b) => size(a) - size(b))
}

function linkModel(from, to) {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    try {
      linkSync(join(from, name), join(to, name))
    } catch {
      copyFileSync(join(from, name), join(to, name))
    }
  }
}

/** Adds a LoRA of rank 1 to each query and value projection without a mask, as an ordinary merge does. The checkpoint stores bf16. */
function mergeLora(from, to) {
  mkdirSync(to)
  for (const name of ['config.json', 'tokenizer.json']) copyFileSync(join(from, name), join(to, name))
  const file = readFileSync(join(from, 'model.safetensors'))
  const data = 8 + Number(file.readBigUInt64LE(0))
  const header = JSON.parse(file.toString('utf8', 8, data))
  const number = new Float32Array(1)
  const bits = new Uint32Array(number.buffer)
  for (const [name, { shape, data_offsets: [start] = [] }] of Object.entries(header)) {
    if (!/\.[qv]_proj\.weight$/.test(name)) continue
    for (let at = 0; at < shape[0] * shape[1]; at++) {
      const [i, j] = [Math.floor(at / shape[1]), at % shape[1]]
      bits[0] = file.readUInt16LE(data + start + 2 * at) << 16
      number[0] += 0.004 * Math.sin(1 + 7 * i) * Math.sin(2 + 11 * j)
      file.writeUInt16LE(bits[0] >>> 16, data + start + 2 * at)
    }
  }
  writeFileSync(join(to, 'model.safetensors'), file)
}

/**
 * Runs half.prune.yaml until half of its training steps are done, and slows it down there. It is resumed where an earlier call left it.
 * Returns a function that ends the process.
 */
export async function startHalfRun(root, folder) {
  const runs = join(folder, '.sparsescope/runs')
  const find = () => readdirSync(runs).find((name) => name.endsWith('-half'))
  const began = Date.now()
  /** What the newest start of the run wrote. An earlier call left a file that is older. */
  const written = () => {
    const path = join(runs, find() ?? '', 'events.jsonl')
    if (!existsSync(path) || statSync(path).mtimeMs < began) return ''
    return readFileSync(path, 'utf8').split('"type":"start"').at(-1)
  }
  const before = find()
  const args = before ? ['run', '--resume', join(runs, before)] : ['run', 'half.prune.yaml', '--device', 'cpu']
  const child = spawn(process.execPath, [join(root, 'dist/cli.mjs'), ...args], { cwd: folder, stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  const half = () => /"type":"step","step":(1[7-9]|[23]\d)\b/.test(written()) && !written().includes('"type":"end"')
  while (child.exitCode === null && !half()) await sleep(20)
  if (child.exitCode !== null) throw new Error(`the run ended before its half: sparsescope ${args.join(' ')}`)
  // About a step every two seconds: it goes on to show that it is alive, and stays about half way.
  child.kill('SIGSTOP')
  const brake = setInterval(() => {
    child.kill('SIGCONT')
    setTimeout(() => child.kill('SIGSTOP'), 25)
  }, 2000)
  return async () => {
    clearInterval(brake)
    await sleep(300)
    child.kill('SIGTERM')
    child.kill('SIGCONT')
    await gone
  }
}
