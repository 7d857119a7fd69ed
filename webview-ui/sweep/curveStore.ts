// The curves as the host sends them, of the question that was asked last.
import { signal } from '@preact/signals'
import type { ToSweep } from '../../src/protocol/sweepView.ts'
import type { CurveName } from '../../src/runs/series/curves.ts'
import { onceAFrame } from '../shared/canvas.ts'
import { curveIn, emptyCurve, type CurveData } from './curveData.ts'
import { host } from './host.ts'

export interface Curves {
  /** By group of the question. */
  readonly data: readonly CurveData[]
  readonly isWhole: boolean
}

export interface Question {
  readonly curve: CurveName
  readonly smoothing: number
  readonly groups: readonly (readonly number[])[]
}

export const curves = signal<Curves>({ data: [], isWhole: true })
let watch = 0
let parts: Extract<ToSweep, { type: 'curves' }>[] = []

export function ask({ curve, smoothing, groups }: Question): void {
  parts = []
  curves.value = { data: groups.map(emptyCurve), isWhole: groups.length === 0 }
  host.post({ type: 'watch', watch: ++watch, curve, smoothing, groups: groups.map((runs) => [...runs]) })
}

const add = onceAFrame(() => {
  const { isWhole } = curves.value
  const data = [...curves.value.data]
  for (const part of parts.flatMap((message) => message.parts))
    if (part.group < data.length) data[part.group] = curveIn(part)
  curves.value = { data, isWhole: isWhole || parts.some((message) => message.isWhole) }
  parts = []
})

/** Answers to an older question do not count. */
export function takeCurves(message: Extract<ToSweep, { type: 'curves' }>): void {
  if (message.watch !== watch) return
  parts.push(message)
  add()
}
