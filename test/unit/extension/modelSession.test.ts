import assert from 'node:assert/strict'
import type { Caller } from '../../../src/extension/backend/calls.ts'
import { ModelSession } from '../../../src/extension/inspector/modelSession.ts'
import type { OpenedModel, ScanProgress, TensorStats, AnalysisUpdate } from '../../../src/protocol/inspect.ts'
import type { ToInspector } from '../../../src/protocol/view.ts'
import { recordedAnalysis, recordedModel, recordedStats } from '../../webview/harness/recorded.ts'

const soFar = { measured: 1, blocks: 2, seconds: 60 }

/** A backend whose file can be overwritten. */
function fakeBackend() {
  let opened: OpenedModel = { model: recordedModel(2), stats: [], analysis: null }
  const scans: { signal: AbortSignal; tell: (stats: TensorStats[]) => void; end: () => void }[] = []
  const call = ((name: string, _: unknown, options: { signal: AbortSignal; onProgress: (p: ScanProgress) => void }) => {
    if (name === 'openModel') return Promise.resolve(opened)
    if (name === 'measurable') return Promise.resolve({ soFar })
    return new Promise((resolve) => {
      const tell = (stats: TensorStats[]) => options.onProgress({ stats, doneBytes: 1, totalBytes: 2, elapsedMs: 1 })
      scans.push({ signal: options.signal, tell, end: () => resolve({ scanned: 3, skipped: 0, partial: false }) })
    })
  }) as unknown as Caller
  return { call, scans, overwrite: (next: OpenedModel) => (opened = next) }
}

describe('a checkpoint in the editor', () => {
  const never = () => false
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  const view = () => {
    const seen: ToInspector[] = []
    return { seen, post: (message: ToInspector) => void seen.push(message) }
  }
  const shown = (seen: ToInspector[]) => seen.findLast((message) => message.type === 'model')

  it('that was overwritten while no view was open shows the new header and the new zeros', async () => {
    const backend = fakeBackend()
    const session = new ModelSession('/m', backend.call, never)
    const before = view()
    const attached = session.attach(before.post)
    await settled()
    assert.equal(shown(before.seen)?.model.blocks, 2)
    attached.dispose()
    const model = recordedModel(3)
    const stats = recordedStats(model)
    backend.overwrite({ model, stats, analysis: null })
    const after = view()
    session.attach(after.post)
    await settled()
    assert.deepEqual([shown(after.seen)?.model.blocks, shown(after.seen)?.stats], [3, stats])
  })

  it('that was opened ahead shows that to its first view alone, and says why it could not be opened', async () => {
    let asked = 0
    const answers = [...[1, 2].map((n) => recordedModel(n)), new Error('no such file')]
    const call = (async (name: string) => {
      if (name === 'measurable') return { soFar: null }
      const answer = answers[asked++]
      if (answer instanceof Error) throw answer
      return { model: answer, stats: [], analysis: null }
    }) as unknown as Caller
    const session = new ModelSession('/m', call, never)
    session.openAhead()
    const [first, second] = [view(), view()]
    session.attach(first.post)
    await settled()
    session.attach(second.post)
    await settled()
    assert.deepEqual([asked, shown(first.seen)?.model.blocks, shown(second.seen)?.model.blocks], [2, 1, 2])
    const other = new ModelSession('/m', call, never)
    const failed = view()
    other.openAhead()
    await settled()
    other.attach(failed.post)
    await settled()
    assert.deepEqual(failed.seen.at(-1), { type: 'failed', message: 'no such file' })
  })

  it('selects a module’s matrix in the views that show it, or in the one that comes next, once', async () => {
    const session = new ModelSession('/m', fakeBackend().call, never)
    const [module] = recordedModel(2)
      .tensors.map(({ name }) => name.replace(/\.weight$/, ''))
      .slice(2)
    const selected = (seen: ToInspector[]) =>
      seen.flatMap((message) => (message.type === 'select' ? [message.name] : []))
    session.select(module)
    const [first, second] = [view(), view()]
    session.attach(first.post)
    await settled()
    assert.deepEqual(selected(first.seen), [`${module}.weight`])
    session.select('model.no.such.module')
    session.attach(second.post)
    await settled()
    assert.deepEqual([selected(first.seen).length, selected(second.seen)], [1, []])
  })

  it('selects a module’s matrix also in a page that was hidden and is still loading, and then no more', async () => {
    const session = new ModelSession('/m', fakeBackend().call, never)
    const [, , { name }] = recordedModel(2).tensors
    const selected = (seen: ToInspector[]) => seen.filter(({ type }) => type === 'select').length
    const [gone, loaded, later] = [view(), view(), view()]
    session.attach(gone.post)
    await settled()
    // Its tab was hidden, so nobody hears this.
    session.select(name)
    await settled()
    session.attach(loaded.post)
    await settled()
    assert.equal(selected(loaded.seen), 1)
    session.selected()
    session.attach(later.post)
    await settled()
    assert.equal(selected(later.seen), 0, 'the user may have chosen another matrix since')
  })

  it('keeps no statistics: a view that comes in the middle of a scan is given the backend’s, and then what follows', async () => {
    const backend = fakeBackend()
    const session = new ModelSession('/m', backend.call, () => true)
    const first = view()
    session.attach(first.post)
    await settled()
    const [a, b, c] = recordedStats(recordedModel(2))
    backend.scans[0].tell([a])
    const second = view()
    session.attach(second.post)
    backend.scans[0].tell([b])
    assert.ok(!second.seen.some(({ type }) => type === 'scan'), 'before its model a view hears nothing of the scan')
    backend.overwrite({ model: recordedModel(2), stats: [a, b], analysis: null })
    await settled()
    backend.scans[0].tell([c])
    const statsOf = (seen: ToInspector[]) =>
      seen.flatMap((m) => (m.type === 'model' ? m.stats : m.type === 'scan' ? m.progress.stats : []))
    assert.deepEqual(statsOf(first.seen), [a, b, c])
    assert.equal(backend.scans.length, 1)
  })

  it('says why a scan failed, and says nothing of a stopped scan', async () => {
    const failing = ((name: string, _: unknown, options: { signal: AbortSignal }) =>
      name === 'openModel'
        ? Promise.resolve({ model: recordedModel(2), stats: [], analysis: null })
        : new Promise((_, reject) => {
            const stop = () => reject(new Error('cancelled'))
            if (scans++ > 0) options.signal.addEventListener('abort', stop)
            else reject(new Error('EIO: i/o error'))
          })) as unknown as Caller
    let scans = 0
    const session = new ModelSession('/m', failing, () => true)
    const { seen, post } = view()
    session.attach(post)
    await settled()
    await settled()
    session.startScan()
    session.cancelScan()
    await settled()
    const ends = seen.filter((message) => message.type === 'scanEnd')
    assert.deepEqual(
      ends.map(({ result }) => result.problem),
      ['EIO: i/o error', undefined],
    )
  })

  it('says to a view whether a scan is ahead: its own requests can then wait', async () => {
    const backend = fakeBackend()
    const session = new ModelSession('/m', backend.call, () => true)
    const ahead = async () => {
      const { seen, post } = view()
      session.attach(post)
      await settled()
      return shown(seen)?.scanAhead
    }
    assert.deepEqual([await ahead(), await ahead()], [true, true], 'it begins, and it goes on')
    backend.scans[0].end()
    await settled()
    assert.equal(await ahead(), false)
    const asked = new ModelSession('/m', backend.call, never)
    const { seen, post } = view()
    asked.attach(post)
    await settled()
    assert.equal(shown(seen)?.scanAhead, false, 'none begins by itself')
  })

  it('says how much can be measured after the scan, or at once without a scan, and again after an analysis', async () => {
    const backend = fakeBackend()
    const told = (seen: ToInspector[]) => seen.flatMap((one) => (one.type === 'measurable' ? [one.soFar] : []))
    const scanning = view()
    const session = new ModelSession('/m', backend.call, () => true)
    session.attach(scanning.post)
    await settled()
    assert.deepEqual(told(scanning.seen), [])
    backend.scans[0].end()
    await settled()
    assert.deepEqual(told(scanning.seen), [soFar])
    const still = view()
    new ModelSession('/m', backend.call, never).attach(still.post)
    await settled()
    assert.deepEqual(told(still.seen), [soFar])
  })

  it('stops its scan with its last view, and scans again for the next', async () => {
    const backend = fakeBackend()
    const session = new ModelSession('/m', backend.call, () => true)
    const [one, two] = [session.attach(view().post), session.attach(view().post)]
    await settled()
    one.dispose()
    assert.ok(!backend.scans[0].signal.aborted)
    two.dispose()
    assert.ok(backend.scans[0].signal.aborted)
    session.attach(view().post)
    await settled()
    assert.equal(backend.scans.length, 2)
  })

  it('read again shows only the newer answer', async () => {
    const backend = fakeBackend()
    const session = new ModelSession('/m', backend.call, never)
    const { seen, post } = view()
    session.attach(post)
    backend.overwrite({ model: recordedModel(5), stats: [], analysis: null })
    await session.reload()
    await settled()
    const models = seen.filter((message) => message.type === 'model')
    assert.deepEqual(
      models.map(({ model }) => model.blocks),
      [5],
    )
  })

  it('analyses once at a time, and reports to views its progress, that it was stopped, or why it failed', async () => {
    let fail: (error: Error) => void = () => undefined
    let tell: (update: AnalysisUpdate) => void = () => undefined
    let calls = 0
    const call = ((name: string, _: unknown, options: { signal: AbortSignal; onProgress: typeof tell }) => {
      if (name === 'openModel') return Promise.resolve({ model: recordedModel(2), stats: [], analysis: null })
      if (name === 'measurable') return Promise.reject(new Error('the backend has stopped'))
      calls++
      tell = options.onProgress
      return new Promise((_, reject) => {
        fail = reject
        options.signal.addEventListener('abort', () => reject(new Error('cancelled')))
      })
    }) as unknown as Caller
    const session = new ModelSession('/m', call, never)
    const first = view()
    session.attach(first.post)
    await settled()
    const request = { calibration: { data: 'a.txt' }, sensitivity: null }
    const running = session.analyse(request)
    await session.analyse(request)
    assert.equal(calls, 1)
    const begun = { modules: [], loss: null, done: 0, total: 0 }
    assert.deepEqual(first.seen.at(-1), { type: 'analysis', update: begun }, 'it says that it has begun')
    tell(recordedAnalysis(recordedModel(2)))
    const late = view()
    session.attach(late.post)
    await settled()
    const last = late.seen.at(-1)
    assert.ok(last?.type === 'analysis' && last.update.modules.length === 0, 'its modules come with the model')
    session.cancelAnalysis()
    await running
    assert.deepEqual(first.seen.at(-1), { type: 'analysisEnd', problem: null })
    const again = session.analyse(request)
    fail(new Error('the text is too short'))
    await again
    assert.deepEqual(late.seen.at(-1), { type: 'analysisEnd', problem: 'the text is too short' })
    const ofOldWeights = session.analyse(request)
    await session.reload()
    await ofOldWeights
    assert.deepEqual(
      first.seen.findLast(({ type }) => type === 'analysisEnd'),
      { type: 'analysisEnd', problem: null },
    )
  })
})
