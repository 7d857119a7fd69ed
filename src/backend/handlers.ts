// The handler of each call.
import type { DeviceChoice, ParamsOf, SeenModel } from '../protocol/parameters.ts'
import { latestAnalysis } from '../engine/analyse/analysisStore.ts'
import { locate } from '../engine/checkpoint/locate.ts'
import { EngineError } from '../engine/errors.ts'
import type { AnalysisUpdate, TensorDetail, Weight } from '../protocol/inspect.ts'
import { protocolVersion, type DeviceFacts } from '../protocol/rpc.ts'
import type { Handlers } from './channel.ts'
import { createAnalyses } from './analyses.ts'
import { readDetail } from './detail.ts'
import { createLane } from './jobs.ts'
import { matrixOf, readTile, readWeight } from './matrix.ts'
import { createOpenModels, createStatsCache, type OpenModel } from './openModels.ts'
import { createRuns } from './runs.ts'
import { scanModel, statsOf } from './scan.ts'
import { summarise, wholeModel } from './summary.ts'
import { createTryOut } from './tryOut.ts'
import { headSpans } from '../catalog/families/attentionHeads.ts'
import { tensorRoles } from '../catalog/families/tensorRoles.ts'
import { version } from '../system/version.ts'

const closeEveryMs = 20_000

/** Loads, with the first call, the code that opening a checkpoint does not need, which is most of the program. */
const loadLater = () => import('./laterHandlers.ts')

const loadTools = () => import('./agentTools.ts')
type TryOut = Handlers['tryOut']

const laterHandlers = {
  adapters: async () => (await loadLater()).listAdapters(),
  pull: async ({ name }, context) => (await loadLater()).pullModel(name, context),
  writeCard: async ({ path }) => (await loadLater()).writeModelCard((await locate(path)).folder),
  chatTemplates: async ({ models }) => (await loadLater()).haveChatTemplates(models),
  trained: async ({ path }) => (await loadLater()).trainedBy(path),
  ggufSizes: async (request, context) => (await loadLater()).sizesAsGguf(request, context),
  writeGguf: async (request, context) => (await loadLater()).writeAsGguf(request, context),
} satisfies Partial<Handlers>

/** Parameters of `hello` until a window has sent its own. */
const defaultSettings: ParamsOf<'hello'> = {
  ...{ protocol: protocolVersion, cache: '' },
  ...{ device: 'auto', adapter: '', threads: 0, deviceMemory: '', precision: 'auto' },
}

/**
 * All state lives as long as the process, which serves the windows of one workspace, usually one. `isBusy`: whether a run or an
 * analysis is in progress, for which the process stays alive without a window.
 */
export function createHandlers() {
  const models = createOpenModels(() => createStatsCache(settings.cache))
  const readLane = createLane()
  // Pictures and details are read during a scan, and neither waits for the other.
  const [tileLane, detailLane] = [createLane(), createLane()]
  const tryOut = createTryOut()
  const analyses = createAnalyses()
  let settings = defaultSettings
  let device: Promise<DeviceFacts> | null = null
  let gpu: boolean | null = null
  setInterval(() => models.closeIdle(Date.now()), closeEveryMs).unref()

  const findDevice = async () => {
    const asked = (device ??= loadLater().then(({ probeDevice }) => probeDevice(settings)))
    const facts = await asked
    // Other settings may have arrived in the meantime.
    if (asked === device) gpu = facts.device === 'wgpu'
    return facts
  }

  const runs = createRuns(version)
  const tryFor: TryOut = (params, context) => tryOut(params, settings, context)
  const handlers: Handlers = {
    async hello(params) {
      // Facts about the previous device do not apply to the new one.
      if (choiceOf(params) !== choiceOf(settings)) device = gpu = null
      settings = params
      return { protocol: protocolVersion, version, node: process.versions.node, pid: process.pid }
    },
    device: findDevice,
    ping: () => Promise.resolve(null),
    async openModel(seen) {
      return models.use(await whole(seen), async (open) => {
        const [model, analysis] = [await summarise(open), await analysisOf(open)]
        // Last: what a scan has found by now was sent before this answer, which views that are opened do not hear.
        return { model, analysis, stats: [...open.stats.values()] }
      })
    },
    ...laterHandlers,
    async scan({ path }, { signal, progress }) {
      const seen = await whole({ path })
      return readLane.run(signal, () =>
        models.use(seen, (model) => {
          const cache = createStatsCache(settings.cache)
          return scanModel(model, { path: seen.path, cache, signal, onProgress: progress })
        }),
      )
    },
    async tile(request, { signal }) {
      const seen = await whole(request)
      return tileLane.run(signal, () => models.use(seen, ({ checkpoint }) => readTile(checkpoint, request, signal)))
    },
    weight: async (request) => models.use(await whole(request), (model) => weightOf(model, request)),
    async detail(request, { signal }) {
      const seen = await whole(request)
      return detailLane.run(signal, () => models.use(seen, (model) => detailOf(model, request, signal)))
    },
    async compare({ a, b }, context) {
      const { compareModels } = await loadLater()
      const [first, second] = await Promise.all([whole(a), whole(b)])
      return readLane.run(context.signal, () =>
        models.use(first, (left) => models.use(second, (right) => compareModels(left, right, context))),
      )
    },
    async measurable(request) {
      const { measurableOf } = await loadLater()
      // The estimated time depends on the device. A device that cannot be opened is reported elsewhere.
      await findDevice().catch(() => undefined)
      return models.use(await whole(request), (open) => measurableOf(open, settings, gpu))
    },
    analyse: (request, { signal, progress }) => analyses.analyse(request, settings, signal, progress),
    tryOut: tryFor,
    plan: async (params) => (await loadLater()).planText(params, gpu),
    agentTool: async (params, context) => (await loadTools()).callAgentTool(params, context, tryFor),
    prepareRun: async (params) => (await loadTools()).prepareAgentRun(params),
    run: (params, { signal, progress }) => runs.run(params, settings, signal, progress),
    activeRuns: () => Promise.resolve(runs.active()),
    follow: ({ id }, { signal, progress }) => runs.follow(id, signal, progress),
    async pause({ folder, paused }) {
      runs.pause(folder, paused)
      return null
    },
  }
  return { handlers, isBusy: () => runs.active().length > 0 || analyses.active() > 0 }
}

async function whole({ path, mask }: SeenModel): Promise<SeenModel> {
  return { path: await wholeModel(path), ...(mask !== undefined && { mask: await wholeModel(mask) }) }
}

async function analysisOf({ checkpoint }: OpenModel): Promise<AnalysisUpdate | null> {
  const kept = await latestAnalysis(checkpoint)
  return kept && { modules: kept.blocks.flat(), loss: kept.loss, done: 1, total: 1 }
}

function choiceOf({ device, adapter, threads, deviceMemory, precision }: DeviceChoice): string {
  return JSON.stringify([device, adapter, threads, deviceMemory, precision])
}

async function weightOf({ checkpoint }: OpenModel, { name, slice, row, column }: ParamsOf<'weight'>): Promise<Weight> {
  return { value: String(await readWeight(checkpoint, matrixOf(checkpoint, name, slice), row, column)) }
}

async function detailOf(
  { checkpoint, stats: known }: OpenModel,
  { name, slice, threshold }: ParamsOf<'detail'>,
  signal: AbortSignal,
): Promise<TensorDetail> {
  const stats = known.get(name) ?? (await statsOf(checkpoint, name, signal))
  if (!stats) throw new EngineError('unsupported', `${name} can be listed but not read`)
  known.set(name, stats)
  const shape = checkpoint.tensors.get(name)?.shape ?? []
  const { transposed } = tensorRoles(checkpoint.config, checkpoint.tensors).of(name, shape)
  const heads = headSpans(checkpoint.config, checkpoint.tensors, name)
  return readDetail(checkpoint, name, { slice, threshold, stats, transposed, heads }, signal)
}
