// Text as windows of ids. One of several runs tokenises the text for all runs that need the same windows.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryBeside } from '../../../system/atomicFile.ts'
import { requireOwnFile } from '../../../system/ownFile.ts'
import { EngineError } from '../../errors.ts'
import { endingOf } from '../../text/dataFile.ts'
import { openIdTensor } from '../../text/idTensor.ts'
import { checkIds, maxIds } from '../../text/tokenizer.ts'
import { ignoredLabel, loadWindows, padRows, type Windows, type WindowsRequest } from '../../text/windows.ts'
import { keyOfWork, madeOnce } from '../../../runs/sharedWork.ts'
import type { RunSession } from '../state/session.ts'
import { contentOf, sourceHashes } from '../state/sources.ts'
import { bytesOf, writeTensors, type StateTensor } from '../state/tensorFile.ts'

/** Tokenising takes from a tenth of a second to minutes. */
const lookEveryMs = 100

/** Loads as `loadWindows` does; runs of a sweep share tokenized text. Files of ids are read in place. */
export async function windowsOf(session: RunSession, request: WindowsRequest): Promise<Windows> {
  const { shared: common, signal } = session
  if (common === undefined || request.path.endsWith('.safetensors')) return loadWindows(request)
  const folder = join(common.folder, `windows-${keyOf(session, request)}`)
  const file = join(folder, 'windows.safetensors')
  return madeOnce<Windows>({
    root: common.root,
    folder,
    take: async () => (existsSync(file) ? readWindows(file, request) : null),
    make: async (isHeld) => {
      const windows = await loadWindows(request)
      if (isHeld()) await writeWindows(file, windows, request)
      return windows
    },
    wait: true,
    lookEveryMs,
    signal,
  })
}

/** Ids depend on the text, on how it is read and cut, and on the tokenizer. They depend on the seed only where windows are drawn. */
function keyOf({ recipe, progress }: RunSession, request: WindowsRequest): string {
  const { path, field, samples, seqLen, seed, purpose, lossOn } = request
  const drawn = purpose === 'calibration' ? seed : null
  const asked = [endingOf(path), field, samples, seqLen, drawn, purpose, ...(lossOn ? [lossOn] : [])]
  return keyOfWork([sourceHashes(progress.sources, 'model '), contentOf(recipe, progress.sources, path), asked])
}

/** `ids` [windows, seqLen]; `lengths` [windows] without padding; `labels` [windows, seqLen] where not every id counts. */
async function writeWindows(
  path: string,
  { ids, mask, labels, windows, seqLen }: Windows,
  { lossOn }: WindowsRequest,
): Promise<void> {
  const lengthOf = (w: number) => mask?.subarray(w * seqLen, (w + 1) * seqLen).reduce((a, b) => a + b, 0) ?? seqLen
  const lengths = Int32Array.from({ length: windows }, (_, w) => lengthOf(w))
  const tensors: StateTensor[] = [
    { name: 'ids', dtype: 'I32', shape: [windows, seqLen], bytes: bytesOf(ids) },
    { name: 'lengths', dtype: 'I32', shape: [windows], bytes: bytesOf(lengths) },
  ]
  if (lossOn && labels) tensors.push({ name: 'labels', dtype: 'I32', shape: [windows, seqLen], bytes: bytesOf(labels) })
  await writeTensors(path, tensors, {}, temporaryBeside(path))
}

/** @throws EngineError 'bad-data' for what `writeWindows` never writes: the folder may come from anyone. */
async function readWindows(path: string, { vocabSize = Infinity, lossOn }: WindowsRequest): Promise<Windows> {
  await requireOwnFile(path)
  const [ids, lengths] = [await readTensor(path, 'ids'), await readTensor(path, 'lengths')]
  const [windows, seqLen] = ids.shape
  checkIds(ids.values, vocabSize, path)
  const fits = (length: number) => length >= 1 && length <= seqLen
  if (lengths.shape.length !== 1 || lengths.shape[0] !== windows || !lengths.values.every(fits)) throw wrong(path)
  const labels = lossOn ? (await readTensor(path, 'labels')).values : null
  const isOwn = (label: number, i: number) => label === ignoredLabel || label === ids.values[i]
  if (labels && (labels.length !== ids.values.length || !labels.every(isOwn))) throw wrong(path)
  const rowsOf = (values: Int32Array) =>
    Array.from(lengths.values, (length, w) => values.subarray(w * seqLen, w * seqLen + length))
  return padRows(rowsOf(ids.values), seqLen, labels ? rowsOf(labels) : undefined)
}

async function readTensor(path: string, name: string): Promise<{ shape: readonly number[]; values: Int32Array }> {
  const tensor = await openIdTensor(path, name)
  try {
    const size = tensor.shape.reduce((a, b) => a * b, 1)
    if (size === 0 || size > maxIds) throw wrong(path)
    const values = new Int32Array(size)
    await tensor.read(0, values)
    return { shape: tensor.shape, values }
  } finally {
    await tensor.close()
  }
}

const wrong = (path: string) =>
  new EngineError(
    'bad-data',
    `${path} does not contain windows written by a run: remove it, and the next run makes it again`,
  )
