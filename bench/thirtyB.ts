// Blocks of OPT-30B's, LLaMA-30B's and LLaMA-7B's shape, random bf16: each kind of work to its end in a memory budget, with
// the dry run's forecast beside it, and what all blocks would take on this machine from what one block took.
//   npx tsx bench/thirtyB.ts --out FOLDER [--rows opt-30b/wanda,…] [--blocks 1] [--memory 16GB] [--peer torch_peer.py] [--list]
// Needs 10 GB of disk. With --peer SparseGPT's rows and reconstruction's are also run by the torch peer, on the same blocks and tokens.
// Results are kept in FOLDER/results.json; rows that are there already are only printed, unless --rows names them.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { machine, python, runJson, sparsescope } from './support/process.ts'
import { writeRandomIds } from './support/randomIds.ts'
import { writeRandomModel } from './support/randomModel.ts'
import { shapes } from './support/shapes.ts'

interface Work {
  /** Blocks of the checkpoint. */
  readonly blocks: number
  readonly recipe: object
  /** Takes as many tokens as the widest linear has inputs; default: 4 windows. */
  readonly fullRank?: true
  /** Whether this is not the work of a whole block, so that nothing is estimated for the whole model. */
  readonly part?: true
  /** Command and settings of the peer that do the same. */
  readonly peer?: readonly string[]
}

const [fewWindows, mostWindows, seqLen] = [4, 14, 2048]
const trained = { train: ['norm', 'mask_lora'], steps: 4, lora: { rank: 16 } }
const reconstruct = { mode: 'reconstruct', ...trained }
const pruned = (method: string, more: object = {}) => [{ method, sparsity: 0.5, ...more }]

const works: Readonly<Record<string, Work>> = {
  magnitude: { blocks: 2, recipe: { prune: pruned('magnitude') } },
  wanda: { blocks: 2, recipe: { prune: pruned('wanda') } },
  sparsegpt: {
    blocks: 1,
    fullRank: true,
    recipe: { prune: pruned('sparsegpt') },
    peer: ['prune', '--method', 'sparsegpt'],
  },
  // All linears of a block would take an hour and more on two cores.
  'alps-q_proj': { blocks: 1, recipe: { prune: pruned('alps', { targets: ['re:.*q_proj'] }) }, part: true },
  'magnitude-reconstruct': {
    blocks: 2,
    recipe: { prune: pruned('magnitude'), recover: reconstruct },
    peer: ['reconstruct', '--method', 'magnitude', '--train', 'norm,mask_lora', '--rank', '16', '--iterations', '4'],
  },
  alps: { blocks: 1, fullRank: true, recipe: { prune: pruned('alps') } },
  // Its steps go through all blocks and the head.
  'magnitude-retrain': {
    blocks: 2,
    recipe: {
      prune: pruned('magnitude'),
      recover: { mode: 'retrain', data: 'ids.safetensors', seq_len: seqLen, ...trained },
    },
    part: true,
  },
}
/** The works of the best recipe at 50 % on the smaller shape; of 30 B they would take hours. */
const smaller = ['wanda', 'magnitude-reconstruct', 'alps', 'alps-q_proj', 'magnitude-retrain']
const rows = [
  ...['opt-30b', 'llama-30b'].flatMap((model) =>
    Object.keys(works).flatMap((work) => (work === 'alps' || work === 'magnitude-retrain' ? [] : [`${model}/${work}`])),
  ),
  ...smaller.map((work) => `llama-7b/${work}`),
]

interface Side {
  seconds: number
  processorSeconds: number
  mebibytes: number
}
interface Report {
  peak_memory_mb: number
  blocks: { seconds: number }[]
}
interface Result extends Side {
  /** Seconds of one block, without reading, saving and starting. */
  blockSeconds: number
  foretold: Pick<Side, 'seconds' | 'mebibytes'>
  peer?: Side
}

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'out/thirty-b' },
    rows: { type: 'string' },
    blocks: { type: 'string' },
    memory: { type: 'string', default: '16GB' },
    peer: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
})
if (options.list) {
  console.log(rows.join('\n'))
  process.exit()
}
const out = resolve(options.out)
mkdirSync(out, { recursive: true })
const idsFile = join(out, 'ids.safetensors')
if (!existsSync(idsFile)) writeRandomIds(idsFile, [mostWindows, seqLen])

function modelFolder(shape: string, blocks: number): string {
  const folder = join(out, `${shape}-${blocks}`)
  if (!existsSync(folder)) writeRandomModel(folder, shape, blocks)
  return folder
}

function measure(row: string): Result {
  const [shape, name] = row.split('/')
  const { recipe, fullRank, peer } = works[name]
  const blocks = Number(options.blocks ?? works[name].blocks)
  if (!(blocks >= 1)) throw new Error(`--blocks takes a number of blocks, not ${options.blocks}`)
  const windows = fullRank ? Math.ceil(shapes[shape].widest / seqLen) : fewWindows
  const model = modelFolder(shape, blocks)
  const [file, saved] = [join(out, `${shape}-${name}.prune.yaml`), join(out, 'pruned')]
  const calibration = { data: idsFile, samples: windows, seq_len: seqLen }
  writeFileSync(file, JSON.stringify({ version: 1, model, ...recipe, calibration, save: { to: saved } }, null, 2))
  rmSync(saved, { recursive: true, force: true })
  const settings = [file, '--device', 'cpu', '--memory', options.memory]
  const plan = sparsescope<{ estimates: { seconds: number; memoryBytes: number } }>(
    'run',
    ...settings,
    '--dry-run',
  ).json
  const { json, seconds, processorSeconds } = sparsescope<Report>('run', ...settings)
  rmSync(saved, { recursive: true, force: true })
  const { estimates } = plan
  return {
    seconds,
    processorSeconds,
    mebibytes: (json.peak_memory_mb * 1e6) / 2 ** 20,
    blockSeconds: json.blocks.reduce((sum, block) => sum + block.seconds, 0) / json.blocks.length,
    foretold: { seconds: estimates.seconds, mebibytes: estimates.memoryBytes / 2 ** 20 },
    ...(options.peer && peer && { peer: runPeer(model, windows, [options.peer, ...peer]) }),
  }
}

function runPeer(model: string, windows: number, [program, command, ...settings]: readonly string[]): Side {
  const common = ['--calib', idsFile, '--key', 'ids', '--sparsity', '0.5', '--samples', String(windows)]
  const { json, processorSeconds } = runJson<{ seconds: { total: number }; peak_rss_mb: number }>(python, [
    ...[program, command, model, ...common, ...settings],
  ])
  return { seconds: json.seconds.total, processorSeconds, mebibytes: json.peak_rss_mb }
}

const resultsFile = join(out, 'results.json')
const results = (existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {}) as Record<string, Result>
const wanted = options.rows?.split(',') ?? rows.filter((row) => !results[row])
console.log(`${machine()}, --memory ${options.memory}`)
for (const row of wanted) {
  if (!rows.includes(row)) throw new Error(`no row ${row}; --list names them`)
  results[row] = measure(row)
  writeFileSync(resultsFile, JSON.stringify(results, null, 2))
}
console.table(
  Object.fromEntries(
    rows.flatMap((row) => {
      if (!results[row]) return []
      const { seconds, processorSeconds, mebibytes, blockSeconds, foretold, peer } = results[row]
      const [shape, name] = row.split('/')
      return [
        [
          row,
          {
            seconds: Math.round(seconds),
            'processor s': Math.round(processorSeconds),
            foretold: Math.round(foretold.seconds),
            MiB: Math.round(mebibytes),
            'MiB foretold': Math.round(foretold.mebibytes),
            'a block': Math.round(blockSeconds),
            'all blocks, hours': works[name].part ? '' : ((blockSeconds * shapes[shape].blocks) / 3600).toFixed(2),
            peer: peer
              ? `${Math.round(peer.seconds)} s (processor ${Math.round(peer.processorSeconds)}), ${Math.round(peer.mebibytes)} MiB`
              : '',
          },
        ],
      ]
    }),
  ),
)
