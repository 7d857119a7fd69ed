// Rows of logits against those of the dense model, in vocabulary chunks (docs/methods.md, "Retraining").
import { exp4 } from './math'
import { lanesBelow, loadSome, storeSome, sumLanes } from './simd'
import { rowMax } from './softmax'

/** Elements after which the lanes of f32 sums are added up in f64. */
const stretch: i32 = 1024

/** The factor by which a running sum shrinks when its maximum moves. */
// @ts-ignore: decorator
@inline
function moved(sum: f32, before: f32, top: f32): f64 {
  return sum == 0 ? 0 : Math.exp(<f64>before - <f64>top)
}

/**
 * Takes logits z and dense logits d [n, width], each times `scale` = 1/T, into sums [n, 5] of rows [start, end): maximum and Σ exp of z, the
 * same of d, and Σ exp(d − max) (d − z).
 */
export function divergenceRows(
  start: i32, end: i32, sums: usize, logits: usize, dense: usize, width: i32, scale: f32,
): void {
  const s = f32x4.splat(scale)
  for (let n = start; n < end; n++) {
    const out = sums + <usize>n * 20
    const z = logits + ((<usize>n * <usize>width) << 2)
    const d = dense + ((<usize>n * <usize>width) << 2)
    const zTop = max(load<f32>(out), scale * rowMax(z, width))
    const dTop = max(load<f32>(out + 8), scale * rowMax(d, width))
    const dKept = moved(load<f32>(out + 12), load<f32>(out + 8), dTop)
    let zSum: f64 = <f64>load<f32>(out + 4) * moved(load<f32>(out + 4), load<f32>(out), zTop)
    let dSum: f64 = <f64>load<f32>(out + 12) * dKept
    let cross: f64 = <f64>load<f32>(out + 16) * dKept
    const zShift = f32x4.splat(zTop)
    const dShift = f32x4.splat(dTop)
    for (let from = 0; from < width; from += stretch) {
      const stop = min(width, from + stretch)
      let zPart = f32x4.splat(0)
      let dPart = f32x4.splat(0)
      let crossPart = f32x4.splat(0)
      for (let j = from; j < stop; j += 4) {
        const at = <usize>j << 2
        const rest = stop - j
        const x = f32x4.mul(s, loadSome(z + at, rest))
        const y = f32x4.mul(s, loadSome(d + at, rest))
        let ex = exp4(f32x4.sub(x, zShift))
        let ey = exp4(f32x4.sub(y, dShift))
        if (rest < 4) {
          ex = v128.and(ex, lanesBelow(rest))
          ey = v128.and(ey, lanesBelow(rest))
        }
        zPart = f32x4.add(zPart, ex)
        dPart = f32x4.add(dPart, ey)
        crossPart = f32x4.add(crossPart, f32x4.mul(ey, f32x4.sub(y, x)))
      }
      zSum += <f64>sumLanes(zPart)
      dSum += <f64>sumLanes(dPart)
      cross += <f64>sumLanes(crossPart)
    }
    store<f32>(out, zTop)
    store<f32>(out + 4, <f32>zSum)
    store<f32>(out + 8, dTop)
    store<f32>(out + 12, <f32>dSum)
    store<f32>(out + 16, <f32>cross)
  }
}

/**
 * logits z[n] become rowWeight[n] · ((1 − w)(softmax(z) − one-hot) + w·T·(softmax(z/T) − softmax(d/T))), w = `share`, 1/T = `scale`; 0 where
 * the target is below 0.
 */
export function distillRows(
  start: i32, end: i32, logits: usize, dense: usize, runMax: usize, runSum: usize, targets: usize, rowWeight: usize,
  sums: usize, width: i32, share: f32, scale: f32, first: i32,
): void {
  const s = f32x4.splat(scale)
  for (let n = start; n < end; n++) {
    const at = <usize>n << 2
    const z = logits + ((<usize>n * <usize>width) << 2)
    const d = dense + ((<usize>n * <usize>width) << 2)
    const target = load<i32>(targets + at)
    if (target < 0) {
      memory.fill(z, 0, <usize>width << 2)
      continue
    }
    const row = sums + <usize>n * 20
    const onText = load<f32>(rowWeight + at) * (1 - share)
    const onDense = (load<f32>(rowWeight + at) * share) / scale
    const text = f32x4.splat(onText / load<f32>(runSum + at))
    const own = f32x4.splat(onDense / load<f32>(row + 4))
    const other = f32x4.splat(onDense / load<f32>(row + 12))
    const top = f32x4.splat(load<f32>(runMax + at))
    const zTop = f32x4.splat(load<f32>(row))
    const dTop = f32x4.splat(load<f32>(row + 8))
    for (let j = 0; j < width; j += 4) {
      const to = <usize>j << 2
      const rest = width - j
      const x = loadSome(z + to, rest)
      const y = f32x4.mul(s, loadSome(d + to, rest))
      let g = f32x4.mul(text, exp4(f32x4.sub(x, top)))
      g = f32x4.add(g, f32x4.mul(own, exp4(f32x4.sub(f32x4.mul(s, x), zTop))))
      g = f32x4.sub(g, f32x4.mul(other, exp4(f32x4.sub(y, dTop))))
      storeSome(z + to, g, rest)
    }
    const hot = target - first
    if (hot < 0 || hot >= width) continue
    const place = z + (<usize>hot << 2)
    store<f32>(place, load<f32>(place) - onText)
  }
}
