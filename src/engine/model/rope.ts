// Rotary positions: tables of angles, and queries and keys rotated by them. Angles are computed in f32 as in transformers,
// so that long contexts agree too.
import type { RopeConfig, RopeScaling } from '../../catalog/families/ropeConfig.ts'
import type { Arena } from '../compute/arena.ts'
import type { Rotation } from '../compute/kernels.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { eachTime, type Step } from './module.ts'

interface RopeAngles {
  readonly start: number
  readonly end: number
  /** cos and sin [end − start, rotaryDim / 2], times the attention factor of yarn and longrope. */
  readonly cos: Float32Array<ArrayBuffer>
  readonly sin: Float32Array<ArrayBuffer>
}

const round = Math.fround

/** The latest tables of each configuration, which all blocks and passes over the same positions share. */
const lastAngles = new WeakMap<RopeConfig, RopeAngles>()

/** Tables of positions [start, end); `end` is taken as the sequence's length, on which some kinds of scaling depend. */
function ropeAngles(config: RopeConfig, start: number, end: number, maxPositions: number): RopeAngles {
  const last = lastAngles.get(config)
  if (last?.start === start && last.end === end) return last
  const angles = computeAngles(config, start, end, maxPositions)
  lastAngles.set(config, angles)
  return angles
}

function computeAngles(config: RopeConfig, start: number, end: number, maxPositions: number): RopeAngles {
  const { frequencies, attentionFactor } = ropeFrequencies(config, end, maxPositions)
  const half = frequencies.length
  const cos = new Float32Array((end - start) * half)
  const sin = new Float32Array((end - start) * half)
  for (let t = start; t < end; t++) {
    for (let i = 0; i < half; i++) {
      const angle = round(t * frequencies[i])
      const at = (t - start) * half + i
      cos[at] = round(Math.cos(angle)) * attentionFactor
      sin[at] = round(Math.sin(angle)) * attentionFactor
    }
  }
  return { start, end, cos, sin }
}

/** Angle per position of each pair of channels [rotaryDim / 2], and the factor of cos and sin. */
export function ropeFrequencies(
  { theta, rotaryDim, scaling }: RopeConfig,
  seqLen: number,
  maxPositions: number,
): { frequencies: Float32Array; attentionFactor: number } {
  const plain = baseFrequencies(theta, rotaryDim)
  switch (scaling.type) {
    case 'default':
      return { frequencies: plain, attentionFactor: 1 }
    case 'linear':
      return { frequencies: plain.map((f) => f / scaling.factor), attentionFactor: 1 }
    case 'dynamic': {
      // NTK: a larger base once the sequence is longer than what the model was trained for.
      const stretch = (scaling.factor * Math.max(seqLen, maxPositions)) / maxPositions - (scaling.factor - 1)
      const base = theta * stretch ** (rotaryDim / (rotaryDim - 2))
      return { frequencies: baseFrequencies(base, rotaryDim), attentionFactor: 1 }
    }
    case 'llama3':
      return { frequencies: plain.map((f) => llama3Frequency(f, scaling)), attentionFactor: 1 }
    case 'yarn':
      return {
        frequencies: yarnFrequencies(plain, theta, rotaryDim, scaling),
        attentionFactor: scaling.attentionFactor,
      }
    case 'longrope': {
      const factors = seqLen > scaling.originalPositions ? scaling.longFactor : scaling.shortFactor
      return {
        frequencies: plain.map((_, i) => 1 / round(round(factors[i]) * power(theta, i, rotaryDim))),
        attentionFactor: scaling.attentionFactor,
      }
    }
  }
}

function baseFrequencies(theta: number, rotaryDim: number): Float32Array {
  return Float32Array.from({ length: rotaryDim / 2 }, (_, i) => 1 / power(theta, i, rotaryDim))
}

/** theta^(2i / rotaryDim), rounded where an f32 computation rounds. */
function power(theta: number, i: number, rotaryDim: number): number {
  return round(theta ** round((2 * i) / rotaryDim))
}

/** Llama 3.1: short wavelengths stay, long ones are stretched by `factor`, those between are blended. */
function llama3Frequency(frequency: number, s: Extract<RopeScaling, { type: 'llama3' }>): number {
  const wavelength = (2 * Math.PI) / frequency
  if (wavelength < s.originalPositions / s.highFreqFactor) return frequency
  if (wavelength > s.originalPositions / s.lowFreqFactor) return frequency / s.factor
  const smooth = (s.originalPositions / wavelength - s.lowFreqFactor) / (s.highFreqFactor - s.lowFreqFactor)
  return ((1 - smooth) * frequency) / s.factor + smooth * frequency
}

/** YaRN (arXiv 2309.00071): a ramp between interpolated and plain frequencies, by rotations over the trained context. */
function yarnFrequencies(
  plain: Float32Array,
  theta: number,
  rotaryDim: number,
  s: Extract<RopeScaling, { type: 'yarn' }>,
): Float32Array {
  const channelOf = (rotations: number) =>
    (rotaryDim * Math.log(s.originalPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(theta))
  const [first, last] = [channelOf(s.betaFast), channelOf(s.betaSlow)]
  const low = Math.max(s.truncate ? Math.floor(first) : first, 0)
  const high = Math.min(s.truncate ? Math.ceil(last) : last, rotaryDim - 1)
  const width = high === low ? 0.001 : high - low
  return plain.map((f, i) => {
    const ramp = Math.min(Math.max((i - low) / width, 0), 1)
    return (f / s.factor) * ramp + f * (1 - ramp)
  })
}

/** Tables [2 · T, rotaryDim / 2] of decoding steps, cos and then sin, in the step's arena. Blocks with the same angles share them. */
const tablesOfStep = new WeakMap<Step, Map<RopeConfig, Tensor>>()

/** Makes a step's tables before its first block. A replay writes them before its first kernel, so no other tensor may use their memory. */
export function prepareRotation(step: Step, { position, maxPositions }: ModelConfig): void {
  if (position.kind !== 'rope') return
  const ropes = new Set(position.byBlock.filter((rope) => rope !== null))
  tablesOfStep.set(
    step,
    new Map([...ropes].map((rope) => [rope, createTables(step, step.arena, rope, maxPositions)] as const)),
  )
}

/** Rotates queries and keys in place; `inverse` rotates gradients back. Row n of [N, H·D] has position n mod T. */
export function rotate(
  step: Step,
  scope: Arena,
  { headDim, numHeads, numKvHeads, maxPositions }: ModelConfig,
  rope: RopeConfig | null,
  { q, k }: { readonly q: Tensor; readonly k: Tensor },
  inverse: boolean,
): void {
  if (!rope) return
  const { backend, seqLen } = step
  const prepared = tablesOfStep.get(step)?.get(rope)
  const tables = prepared ?? createTables(step, scope, rope, maxPositions)
  const [cos, sin] = [rows(tables, 0, seqLen), rows(tables, seqLen, 2 * seqLen)]
  const shape = { seqLen, headDim, rotaryDim: rope.rotaryDim, inverse }
  backend.kernels.rope(q, cos, sin, { ...shape, numHeads })
  backend.kernels.rope(k, cos, sin, { ...shape, numHeads: numKvHeads })
  if (!prepared) scope.release(tables)
}

/** The rotation of the query and key in a step of one token; null where they are not rotated. */
export function rotationOf(
  step: Step,
  scope: Arena,
  { maxPositions }: ModelConfig,
  rope: RopeConfig | null,
): Rotation | null {
  if (!rope) return null
  const tables = tablesOfStep.get(step)?.get(rope) ?? createTables(step, scope, rope, maxPositions)
  return { tables, rotaryDim: rope.rotaryDim }
}

function createTables(step: Step, arena: Arena, rope: RopeConfig, maxPositions: number): Tensor {
  const { backend, seqLen, cache } = step
  const tables = arena.allocate([2 * seqLen, rope.rotaryDim / 2])
  eachTime(step, () => {
    const past = cache?.past ?? 0
    const angles = ropeAngles(rope, past, past + seqLen, maxPositions)
    backend.write(rows(tables, 0, seqLen), angles.cos)
    backend.write(rows(tables, seqLen, 2 * seqLen), angles.sin)
  })
  return tables
}
