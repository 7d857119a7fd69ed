// A PEFT adapter folder: its configuration, and its tensors, which are read like any other safetensors file.
import { join, resolve } from 'node:path'
import { FormatError } from '../../errors.ts'
import { largestAdapterConfig, parseLoraConfig, type LoraConfig } from '../../catalog/formats/loraConfig.ts'
import { EngineError } from '../errors.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { isHubName, snapshotInstead, snapshotOf } from './hubCache.ts'
import { readSmallFile } from './regularFile.ts'

export const adapterConfigName = 'adapter_config.json'
export const adapterWeightsName = 'adapter_model.safetensors'

export interface AdapterFolder {
  /** The path as it was given. */
  readonly path: string
  readonly config: LoraConfig
  readonly file: Checkpoint
}

/** Full paths of both files. @throws EngineError 'not-found' for a model name on the Hub that is not in the local cache. */
export async function filesOfAdapter(path: string): Promise<{ config: string; weights: string }> {
  const folder = isHubName(path) ? await snapshotOf(path) : await snapshotInstead(resolve(path))
  return { config: join(folder, adapterConfigName), weights: join(folder, adapterWeightsName) }
}

/** The caller closes `file`. @throws EngineError 'not-found', or 'bad-checkpoint' that says what cannot be merged and why. */
export async function openAdapter(path: string): Promise<AdapterFolder> {
  const files = await filesOfAdapter(path)
  const text = await readSmallFile(files.config, largestAdapterConfig)
  const config = ofAdapter(path, () => parseLoraConfig(text))
  return { path, config, file: await openCheckpoint(files.weights) }
}

/** Runs `work`. @throws EngineError 'bad-checkpoint' with the adapter's name for each FormatError. */
export function ofAdapter<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new EngineError('bad-checkpoint', `the adapter ${path} ${error.message}`, { cause: error })
  }
}
