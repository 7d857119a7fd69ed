// sparsescope analyse: statistics of each matrix, and what pruning it would cost.
import { InvalidArgumentError, Option } from 'commander'
import { analyse } from '../../engine/analyse/analyse.ts'
import { openCheckpoint, openInspection } from '../../engine/checkpoint/checkpoint.ts'
import { locate } from '../../engine/checkpoint/locate.ts'
import { refuseInside } from '../../engine/checkpoint/outputPlace.ts'
import { wholeOf } from '../../engine/checkpoint/inspection.ts'
import type { Backend } from '../../engine/compute/backend.ts'
import { openBackend } from '../../engine/compute/open.ts'
import { watchMemory } from '../../engine/run/state/peakMemory.ts'
import { sensitivityUnits, type AnalysedModule, type Analysis, type SensitivityUnit } from '../../plan/analysis.ts'
import { defaultMethods, defaultSparsities } from '../../plan/candidates.ts'
import { isGguf } from '../../catalog/formats/checkpointFormats.ts'
import { andList } from '../../formatting/lists.ts'
import { formatRequested, formatValue, plural } from '../../formatting/numbers.ts'
import { textTable } from '../../formatting/tables.ts'
import { methodNames, type MethodName } from '../../catalog/methods/methods.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from '../command.ts'
import {
  memoryBytes,
  memoryOption,
  numberFromZero,
  wholeNumber,
  precisionOption,
  refuseIdleField,
  type PrecisionOptions,
} from '../options.ts'
import { requireNew, writeNew } from '../outputFile.ts'

interface AnalyseCliOptions extends CommonOptions, PrecisionOptions {
  calibration?: string
  field?: string
  samples?: number
  seqLen?: number
  method?: MethodName[]
  sparsity?: number[]
  pattern?: string[]
  sensitivity?: SensitivityUnit
  seed: number
  memory?: string
  out?: string
}

export const analyseCommand = command('analyse', 'measure each matrix of a model, and what pruning it would cost', [
  'analyse ../opt-125m',
  'analyse ../opt-125m --calibration c4.jsonl',
  'analyse ../opt-125m --calibration ids.safetensors --method wanda --sparsity 0.5 0.7 --sensitivity block --out map.json',
])
  .argument('<model>', 'Hugging Face folder, or hf:org/name; or a *.gguf file, for statistics of its values only')
  .option(
    '--calibration <file>',
    '.txt, .jsonl(.gz), .parquet, or .safetensors with ids (default: statistics of the values only)',
  )
  .option('--field <name>', 'text column, or tensor of ids')
  .option('--samples <n>', 'calibration windows (default: 16 of text, all ids)', wholeNumber)
  .option('--seq-len <n>', 'tokens in a window (default: 512 of text, rows of ids as they are)', wholeNumber)
  .addOption(
    new Option('--method <name...>', `methods to measure (default: ${andList(defaultMethods)})`).choices(methodNames),
  )
  .option('--sparsity <s...>', `sparsities to measure (default: ${andList(defaultSparsities.map(String))})`, shares)
  .option(
    '--pattern <N:M...>',
    'patterns to measure as well, or instead: N zeros (not kept weights) in each M consecutive inputs',
  )
  .addOption(
    new Option(
      '--sensitivity <unit>',
      'also the loss of the model with only this pruned, by the first method and sparsity',
    ).choices(sensitivityUnits),
  )
  .option('--seed <n>', 'seed of the drawn windows and of random pruning', numberFromZero, 0)
  .addOption(precisionOption())
  .addOption(memoryOption())
  .option('--out <file>', 'also write the JSON there; it must not exist')
  .action(
    runs(async (context, path: string, options: AnalyseCliOptions): Promise<Outcome> => {
      refuseUseless(context, options)
      if (options.out !== undefined) {
        await requireNew(options.out)
        // A GGUF file is a whole model: its folder is not the model's.
        const model = isGguf(path) ? path : (await locate(path)).folder
        await refuseInside(options.out, model, 'it belongs to the model, which is never changed')
      }
      const json = await analysisOf(context, path, options)
      if (options.out !== undefined) await writeNew(options.out, `${JSON.stringify(json, null, 2)}\n`)
      return { json, text: describe(json, context.columns) }
    }),
  )

/** @throws EngineError 'usage': options that would do nothing without data. */
function refuseUseless(context: Context, { calibration }: AnalyseCliOptions): void {
  if (calibration !== undefined) return refuseIdleField(context, calibration)
  const needy = ['--method', '--sparsity', '--pattern', '--sensitivity', '--field', '--samples', '--seq-len', '--seed']
  context.refuseIdle(needy, 'needs data to measure on: add --calibration FILE')
}

async function analysisOf(context: Context, path: string, o: AnalyseCliOptions): Promise<Analysis> {
  const begun = performance.now()
  // A GGUF file can be inspected, but its model cannot be computed, as calibration needs.
  const looks = isGguf(path) && o.calibration === undefined
  const checkpoint = looks ? wholeOf(await openInspection(path)) : await openCheckpoint(path)
  let backend: Backend | null = null
  const memory = watchMemory(() => backend?.memory().usedBytes ?? 0)
  try {
    const result = await analyse(checkpoint, {
      calibration:
        o.calibration === undefined
          ? null
          : { data: o.calibration, field: o.field, samples: o.samples, seqLen: o.seqLen },
      asked: { methods: o.method, sparsities: o.sparsity, patterns: o.pattern },
      sensitivity: o.sensitivity ?? null,
      seed: o.seed,
      memoryBytes: memoryBytes(o.memory),
      openBackend: async () => (backend = await openBackend(o)),
      precision: o.precision,
      signal: context.signal,
      onProgress: (what, done, total) =>
        context.progress({ what, count: { done, total, unit: what === 'values' ? 'bytes' : 'windows' } }),
      onWarning: (message) => context.say(`warning: ${message}`),
    })
    return { ...result, seconds: (performance.now() - begun) / 1000, peak_memory_mb: memory.peakMb() }
  } finally {
    memory.stop()
    await checkpoint.close()
  }
}

type Column = readonly [head: string, of: (module: AnalysedModule) => number | null | undefined]

const ofInputs: readonly Column[] = [
  ['input', ({ activation }) => activation?.norm],
  ['OWL', ({ activation }) => activation?.outliers],
  ['rank', ({ activation }) => activation?.effective_rank],
]
const ofLoss: readonly Column[] = [['loss', ({ sensitivity }) => sensitivity]]

/** One line per block with the mean of its matrices; JSON lists each matrix. */
function describe(analysis: Analysis, width?: number): string {
  const { modules, calibration, sensitivity, seconds, device } = analysis
  const blocks = [...new Set(modules.map(({ block }) => block))]
  const errors = modules[0]?.errors ?? []
  const columns: readonly Column[] = [
    ['std', ({ std }) => std],
    ['kurtosis', ({ kurtosis }) => kurtosis],
    ['outliers', ({ outliers }) => outliers],
    ...(calibration ? ofInputs : []),
    ...errors.map(({ method, sparsity, pattern }, i): Column => {
      const amount = /:/.test(pattern) ? pattern : formatRequested(sparsity)
      return [`${method} ${amount}`, (module) => module.errors.at(i)?.error]
    }),
    ...(sensitivity ? ofLoss : []),
  ]
  const rows = blocks.map((block) => {
    const own = modules.filter((module) => module.block === block)
    // A value that was not computed is shown as a dash, not NaN.
    return [String(block), ...columns.map(([, of]) => formatValue(meanOf(own.map(of)) ?? undefined))]
  })
  const last = sensitivity
    ? [
        `loss: with one ${sensitivity.unit} at a time pruned, on ${plural(sensitivity.windows, 'window')}; dense ${formatValue(sensitivity.loss)}`,
      ]
    : []
  return [
    textTable(['block', ...columns.map(([head]) => head)], rows, {
      columns: width,
      spare: ['rank', 'OWL', 'input', 'outliers', 'kurtosis', 'std'],
    }),
    ...(calibration
      ? [
          `errors: relative error of each matrix' outputs, on ${plural(calibration.windows, 'window')} of ${calibration.seq_len} tokens; means of the block`,
          ...(sensitivity
            ? []
            : ['each matrix by itself; --sensitivity block shows which blocks the model needs most']),
        ]
      : []),
    ...last,
    `${plural(modules.length, 'matrix', 'matrices')} in ${seconds.toFixed(1)} s on ${device}`,
  ].join('\n')
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined)
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : null
}

function shares(text: string, earlier: number[] | undefined): number[] {
  const values = text.split(',').map(Number)
  if (values.every((value) => value > 0 && value < 1)) return [...(earlier ?? []), ...values]
  throw new InvalidArgumentError('A number between 0 and 1.')
}
