// The optimiser of a retraining run on disk: parameters and moments after a number of steps, bit for bit.
import { join } from 'node:path'
import { openCheckpoint, type Checkpoint } from '../../checkpoint/checkpoint.ts'
import { requireOwnFile } from '../../../system/ownFile.ts'
import type { Backend } from '../../compute/backend.ts'
import { readF32 } from '../../compute/backend.ts'
import { EngineError } from '../../errors.ts'
import type { ParameterArena } from '../../recover/parameterArena.ts'
import { parseProgress, type RunProgress } from './progress.ts'
import { bytesOf, writeTensors, type StateTensor } from './tensorFile.ts'

const fileName = 'training.safetensors'

/** Saves the arena with the progress it belongs to, as one file: the two can never disagree. */
export async function saveTraining(
  state: string,
  backend: Backend,
  parameters: ParameterArena,
  progress: RunProgress,
): Promise<void> {
  const tensors = parameters.stateTensors.map(({ name, tensor }): StateTensor => {
    const bytes = async () => bytesOf(await readF32(backend, tensor))
    return { name, dtype: 'F32', shape: [tensor.length], bytes }
  })
  await writeTensors(join(state, fileName), tensors, { progress: JSON.stringify(progress) })
}

/** The progress of the saved training, or null without one. */
export async function loadTrainingProgress(state: string): Promise<RunProgress | null> {
  const file = await openTraining(state).catch((error: unknown) => {
    if (error instanceof EngineError && error.code === 'not-found') return null
    throw error
  })
  if (!file) return null
  const text = file.metadata.get('progress')
  await file.close()
  return parseProgress(text ?? '', file.path)
}

/** Sets the progress back to the steps that are saved: later steps are lost with the device's memory. */
export async function returnToSaved(state: string, progress: RunProgress): Promise<void> {
  const saved = await loadTrainingProgress(state)
  const same = saved?.recoveredPasses === progress.recoveredPasses ? saved : null
  progress.trainedSteps = same?.trainedSteps ?? 0
  progress.losses = same?.losses ?? []
}

/** Puts saved parameters and moments back into the arena. */
export async function restoreTraining(state: string, backend: Backend, parameters: ParameterArena): Promise<void> {
  const file = await openTraining(state)
  try {
    for (const { name, tensor } of parameters.stateTensors) {
      const entry = file.tensors.get(name)
      const bytes = entry?.dtype === 'F32' && entry.bytes === 4 * tensor.length ? await file.read(name) : null
      if (!bytes) throw new EngineError('bad-data', `${file.path} does not match this recipe; start a new run`)
      backend.write(tensor, new Float32Array(bytes.buffer))
    }
  } finally {
    await file.close()
  }
}

async function openTraining(state: string): Promise<Checkpoint> {
  const path = join(state, fileName)
  await requireOwnFile(path)
  return openCheckpoint(path)
}

/** Decides when to save the state again: at most a twentieth of the time goes into saving. */
export class SaveClock {
  #lastMs = performance.now()
  #costMs = 0

  due(): boolean {
    return performance.now() - this.#lastMs >= Math.max(leastMs, 20 * this.#costMs)
  }

  /** Runs the save and remembers what it cost. */
  async time(save: () => Promise<void>): Promise<void> {
    const begun = performance.now()
    await save()
    this.#lastMs = performance.now()
    this.#costMs = this.#lastMs - begun
  }
}

/** Shortest time between two saves. */
const leastMs = 200
