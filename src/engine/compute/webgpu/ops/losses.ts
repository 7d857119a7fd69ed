// Cross-entropy over chunks of the vocabulary, with one workgroup per row of logits.
import type { Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import { f32, type Gpu, groupMax, groupSize, lowest, perElement, perRow, runRows } from '../shader.ts'

/** runMax begins with −∞. */
const logSumExp = perRow(
  'logSumExpChunk',
  { runMax: 'rw f32', runSum: 'rw f32', picked: 'rw f32', logits: 'f32', targets: 'i32' },
  { start: 'i32' },
  /* wgsl */ `
  let base = p.logitsAt + row * p.columns;
  var top = ${lowest};
  for (var i = local; i < p.columns; i += ${groupSize}u) { top = max(top, logits[base + i]); }
  let before = max(runMax[p.runMaxAt + row], ${lowest});
  let all = max(groupMax(top, local), before);
  var sum = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) { sum += exp(logits[base + i] - all); }
  let chunk = groupSum(sum, local);
  if (local != 0u) { return; }
  let earlier = runSum[p.runSumAt + row];
  runSum[p.runSumAt + row] = chunk + select(earlier * exp(before - all), 0.0, earlier == 0.0);
  runMax[p.runMaxAt + row] = all;
  let target_ = targets[p.targetsAt + row] - p.start;
  if (target_ >= 0 && target_ < i32(p.columns)) { picked[p.pickedAt + row] = logits[base + u32(target_)]; }`,
  groupMax,
)

/** WGSL: the place of a logit, its row, and the target token of the row. Rows without a target get a gradient of 0. */
const ofTarget = /* wgsl */ `
  let row = i / p.columns;
  let wanted = targets[p.targetsAt + row];
  let at = p.logitsAt + i;
  if (wanted < 0) {
    logits[at] = 0.0;
    return;
  }`

const crossEntropyBackward = perElement(
  'crossEntropyBackwardChunk',
  { logits: 'rw f32', runMax: 'f32', runSum: 'f32', targets: 'i32', rowWeight: 'f32' },
  { columns: 'u32', start: 'i32' },
  /* wgsl */ `${ofTarget}
  let softmax = exp(logits[at] - runMax[p.runMaxAt + row]) / runSum[p.runSumAt + row];
  let hot = select(0.0, 1.0, wanted - p.start == i32(i % p.columns));
  logits[at] = rowWeight[p.rowWeightAt + row] * (softmax - hot);`,
)

// The divergence from the dense model's logits, over chunks of the vocabulary (docs/methods.md, "Retraining").

const divergence = perRow(
  'divergenceChunk',
  { sums: 'rw f32', logits: 'f32', dense: 'f32' },
  { scale: 'f32' },
  /* wgsl */ `
  let z = p.logitsAt + row * p.columns;
  let d = p.denseAt + row * p.columns;
  let at = p.sumsAt + 5u * row;
  var zTop = ${lowest};
  var dTop = ${lowest};
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    zTop = max(zTop, p.scale * logits[z + i]);
    dTop = max(dTop, p.scale * dense[d + i]);
  }
  let zBefore = max(sums[at], ${lowest});
  let dBefore = max(sums[at + 2u], ${lowest});
  let zAll = max(groupMax(zTop, local), zBefore);
  let dAll = max(groupMax(dTop, local), dBefore);
  var zSum = 0.0;
  var dSum = 0.0;
  var crossSum = 0.0;
  for (var i = local; i < p.columns; i += ${groupSize}u) {
    let x = p.scale * logits[z + i];
    let y = p.scale * dense[d + i];
    let e = exp(y - dAll);
    zSum += exp(x - zAll);
    dSum += e;
    crossSum += e * (y - x);
  }
  let zChunk = groupSum(zSum, local);
  let dChunk = groupSum(dSum, local);
  let crossChunk = groupSum(crossSum, local);
  if (local != 0u) { return; }
  let zEarlier = sums[at + 1u];
  let dEarlier = sums[at + 3u];
  let dKept = select(exp(dBefore - dAll), 0.0, dEarlier == 0.0);
  sums[at + 1u] = zChunk + select(zEarlier * exp(zBefore - zAll), 0.0, zEarlier == 0.0);
  sums[at + 3u] = dChunk + dEarlier * dKept;
  sums[at + 4u] = crossChunk + sums[at + 4u] * dKept;
  sums[at] = zAll;
  sums[at + 2u] = dAll;`,
  groupMax,
)

const distillBackward = perElement(
  'distillBackwardChunk',
  { logits: 'rw f32', dense: 'f32', runMax: 'f32', runSum: 'f32', targets: 'i32', rowWeight: 'f32', sums: 'f32' },
  { columns: 'u32', share: 'f32', scale: 'f32', start: 'i32' },
  /* wgsl */ `${ofTarget}
  let z = logits[at];
  let stream = p.sumsAt + 5u * row;
  let hot = select(0.0, 1.0, wanted - p.start == i32(i % p.columns));
  let text = exp(z - runMax[p.runMaxAt + row]) / runSum[p.runSumAt + row] - hot;
  let own = exp(p.scale * z - sums[stream]) / sums[stream + 1u];
  let other = exp(p.scale * dense[p.denseAt + i] - sums[stream + 2u]) / sums[stream + 3u];
  logits[at] = rowWeight[p.rowWeightAt + row] * ((1.0 - p.share) * text + p.share / p.scale * (own - other));`,
)

/** Rows and columns of logits. */
const sizeOf = (logits: Tensor, { length }: Tensor) => [length, logits.length / length] as const

export const losses = (gpu: Gpu) =>
  ({
    logSumExpChunk: (runMax, runSum, targetLogit, logits, targets, start) =>
      runRows(gpu, logSumExp, sizeOf(logits, targets), [runMax, runSum, targetLogit, logits, targets], [start]),
    crossEntropyBackwardChunk(logits, runMax, runSum, targets, rowWeight, start) {
      const tensors = [logits, runMax, runSum, targets, rowWeight]
      runRows(gpu, crossEntropyBackward, sizeOf(logits, targets), tensors, [start])
    },
    divergenceChunk(sums, logits, dense, temperature) {
      const count = sums.length / 5
      runRows(gpu, divergence, [count, logits.length / count], [sums, logits, dense], [f32(1 / temperature)])
    },
    distillBackwardChunk(logits, dense, { runMax, runSum, divergence: sums }, targets, rowWeight, loss, start) {
      const tensors = [logits, dense, runMax, runSum, targets, rowWeight, sums]
      const params = [f32(loss.dense), f32(1 / loss.temperature), start]
      runRows(gpu, distillBackward, sizeOf(logits, targets), tensors, params)
    },
  }) satisfies Partial<Kernels>
