// The closed list of operations. Each backend implements all of it; none knows what a transformer is.
//
// Conventions. Outputs come first, then inputs, then sizes. N rows (tokens), C channels, I and O in and out
// features, V vocabulary. Tensors are f32 unless said otherwise; `weight` and `table` may also be f16 or bf16
// (accumulation is always f32). `input` and `dOut` of products and adapters may be bf16 where the device has
// `bf16Products`; all operands of the product must then be bf16, and only sums are f32. `out` of norms, activations and
// attention may be bf16 there too, rounded to nearest even. "+=" adds to what is there: parameter
// gradients add, activations are written. Outputs do not overlap inputs unless a line says "in place". Masks are u32 [O,
// ceil(I/32)], 1 = kept.
import type { Tensor } from './tensor.ts'

export type Activation =
  | 'relu'
  | 'relu6'
  | 'relu2' // relu(x)²
  | 'leakyRelu' // slope 0.01
  | 'gelu' // x·Φ(x), exact erf
  | 'gelu10' // clip(gelu(x), −10, 10)
  | 'geluTanh' // tanh approximation
  | 'quickGelu' // x·σ(1.702x)
  | 'silu'
  | 'sigmoid'
  | 'tanh'
  | 'linear'

export interface GemmOptions {
  transA?: boolean
  transB?: boolean
  alpha?: number
  /** 0 (default) overwrites `out`, 1 adds to it. */
  beta?: 0 | 1
}

/** Strided copy: out[r·outRow + g·outGroup + outOffset + w] = in[r·inRow + g·inGroup + inOffset + w], all in elements. */
export interface CopyShape {
  rows: number
  groups: number
  width: number
  outRow: number
  outGroup: number
  outOffset: number
  inRow: number
  inGroup: number
  inOffset: number
}

/** q [B·T, H·D], k and v [B·T, Hkv·D]; head h reads kv head floor(h·Hkv/H). */
export interface AttentionShape {
  batch: number
  seqLen: number
  numHeads: number
  numKvHeads: number
  headDim: number
  /** Multiplies q·k. */
  scale: number
  /** A query sees itself and the window−1 tokens before it; 0 = everything before it. */
  window: number
  /** Scores s become softcap · tanh(s / softcap) before masking; 0 = no cap. */
  softcap: number
}

/** One query q [H·D] after `length − 1` others; keys and values are [at least length, Hkv·D], from position 0. */
export interface AttentionStepShape extends Omit<AttentionShape, 'batch' | 'seqLen'> {
  /** Number of positions up to and including the query's. */
  length: number
}

export interface RopeShape {
  seqLen: number
  numHeads: number
  headDim: number
  /** The first rotaryDim elements of each head are rotated; pairs are (i, i + rotaryDim/2). */
  rotaryDim: number
  /** true rotates by the negative angle, as the gradient needs. */
  inverse: boolean
}

/** The rotation of one position: cos and then sin, [2, rotaryDim / 2]. */
export interface Rotation {
  readonly tables: Tensor
  readonly rotaryDim: number
}

export interface AdamStep {
  lr: number
  beta1: number
  beta2: number
  eps: number
  weightDecay: number
  /** 1 for the first step. */
  step: number
  /** Multiplies the gradient first: 1/accumulation × clipping. */
  gradScale: number
}

/** Weight and temperature of the loss against the dense model's logits (docs/methods.md, "Retraining"). */
export interface DenseLoss {
  /** w, 0 to 1; the rest is cross-entropy. */
  readonly dense: number
  /** T > 0. */
  readonly temperature: number
}

/** The derivative of an activation f at x [N,I]. */
export interface Slope {
  readonly x: Tensor
  readonly kind: Activation
}

/** Arguments of `loraWeight`. */
export interface LoraMerge {
  readonly out: Tensor
  readonly weight: Tensor
  readonly mask: Tensor | null
  readonly a: Tensor
  readonly b: Tensor
}

/** Arguments of `loraBackward`. */
export interface LoraGradient {
  readonly dA: Tensor
  readonly dB: Tensor
  readonly dOut: Tensor
  readonly mask: Tensor | null
  readonly a: Tensor
  readonly b: Tensor
  readonly dBias: Tensor | null
}

export interface Kernels {
  // ---- products
  /** out[N,O] = input[N,I] · weight[O,I]ᵀ + bias[O] + residual[N,O]. Without bias or residual nothing is added. */
  linear(out: Tensor, input: Tensor, weight: Tensor, bias: Tensor | null, residual?: Tensor | null): void
  /** outs[k] = input · weights[k]ᵀ + biases[k]: `linear` for several weights that read one input. */
  linears(outs: readonly Tensor[], input: Tensor, weights: readonly Tensor[], biases: readonly (Tensor | null)[]): void
  /** out[1,O] = f(input · weights[0]ᵀ + biases[0]) ⊙ (input · weights[1]ᵀ + biases[1]); `factors` [1,O] are scratch for both. */
  gatedLinears(
    out: Tensor,
    factors: readonly Tensor[],
    input: Tensor,
    weights: readonly Tensor[],
    biases: readonly (Tensor | null)[],
    kind: Activation,
  ): void
  /** dInput[N,I] = dOut[N,O] · weight[O,I], ⊙ f′(x) with `slope`; += with `accumulate`, which excludes `slope`. */
  linearBackwardInput(dInput: Tensor, dOut: Tensor, weight: Tensor, accumulate: boolean, slope?: Slope | null): void
  /** dInput = Σ_k dOuts[k] · weights[k], in that order. */
  linearsBackwardInput(dInput: Tensor, dOuts: readonly Tensor[], weights: readonly Tensor[]): void
  /** dWeight[O,I] += dOut[N,O]ᵀ · input[N,I]. */
  linearBackwardWeight(dWeight: Tensor, dOut: Tensor, input: Tensor): void
  /** out[M,N] = alpha · op(a) · op(b) + beta · out; all f32. op transposes when asked. */
  gemm(out: Tensor, a: Tensor, b: Tensor, options: GemmOptions): void
  /** out[I,I] += alpha · input[N,I]ᵀ · input[N,I]; the whole symmetric matrix. `upper`: input[I,I] has zeros below its diagonal, which need no work. */
  gram(out: Tensor, input: Tensor, alpha: number, upper?: boolean): void

  // ---- adapters (PERP; docs/methods.md, "Adapters")
  /** out[O,I] = weight + scale · (b[O,r] · a[r,I]) ⊙ mask, f32 or rounded to bf16. A null mask keeps everything. */
  loraWeight(out: Tensor, weight: Tensor, mask: Tensor | null, a: Tensor, b: Tensor, scale: number): void
  /** `loraWeight` for several adapters whose weights have the same shape. */
  loraWeights(loras: readonly LoraMerge[], scale: number): void
  /** G = (dOut[N,O]ᵀ · input[N,I]) ⊙ mask;  dA[r,I] += scale · bᵀ·G;  dB[O,r] += scale · G·aᵀ;  dBias[O] += Σ_n dOut where given. */
  loraBackward(
    dA: Tensor,
    dB: Tensor,
    dOut: Tensor,
    input: Tensor,
    mask: Tensor | null,
    a: Tensor,
    b: Tensor,
    scale: number,
    dBias?: Tensor | null,
  ): void
  /** `loraBackward` for several adapters that read one input and whose weights have the same shape. */
  lorasBackward(loras: readonly LoraGradient[], input: Tensor, scale: number): void
  /** out[O,I] = weight ⊙ (factor · row[O] ⊗ column[I]), f32 or rounded to bf16. */
  scaleWeight(out: Tensor, weight: Tensor, row: Tensor, column: Tensor, factor: number): void
  /** G = (dOutᵀ · input) ⊙ weight;  dRow[O] += factor · G·column;  dColumn[I] += factor · Gᵀ·row. */
  scaleBackward(
    dRow: Tensor,
    dColumn: Tensor,
    dOut: Tensor,
    input: Tensor,
    weight: Tensor,
    row: Tensor,
    column: Tensor,
    factor: number,
  ): void
  /** x[O,I] = x ⊙ mask, in place: a pruned entry becomes exactly +0. x may be f32, f16 or bf16. */
  applyMask(x: Tensor, mask: Tensor): void

  // ---- rows and columns
  /** out[C] += Σ_n x[n,C]. */
  columnSum(out: Tensor, x: Tensor): void
  /** out[C] += Σ_n x[n,C]², to within a few f32 roundings however large N is, since pruning compares scores made of these sums. */
  columnSquares(out: Tensor, x: Tensor): void
  /**
   * out[m,C] = scale · table[rows[m] − firstRow,C]; rows is i32 [M], firstRow 0 unless it is given. out[m] stays unchanged where
   * the table does not have the row: the table may be one part of a larger one, and another part has the row.
   */
  gatherRows(out: Tensor, table: Tensor, rows: Tensor, scale: number, firstRow?: number): void
  /** out[rows[m],C] += rowScale[m] · x[m,C]; a null rowScale is 1. Rows may repeat. */
  scatterAddRows(out: Tensor, x: Tensor, rows: Tensor, rowScale: Tensor | null): void
  /** out[m] = Σ_c a[m,c] · b[m,c]. */
  rowDot(out: Tensor, a: Tensor, b: Tensor): void
  /** Strided copy. No two rows or groups may write the same element. */
  copy(out: Tensor, input: Tensor, shape: CopyShape): void

  // ---- norms, over the last dimension C of [N,C]; mean and rstd are [N]
  /** out = (x − mean) · rstd · weight + bias; null weight is 1, null bias is 0. Saves mean and rstd. */
  layerNorm(
    out: Tensor,
    mean: Tensor,
    rstd: Tensor,
    x: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    eps: number,
  ): void
  /** dX, with `residual` [N,C] added where given; dWeight[C] += , dBias[C] += where given. */
  layerNormBackward(
    dX: Tensor,
    dWeight: Tensor | null,
    dBias: Tensor | null,
    dOut: Tensor,
    x: Tensor,
    mean: Tensor,
    rstd: Tensor,
    weight: Tensor | null,
    residual?: Tensor | null,
  ): void
  /** out = x · rstd · (weight + unitOffset), rstd = 1/√(mean(x²) + eps). unitOffset is 0, or 1 for Gemma. */
  rmsNorm(out: Tensor, rstd: Tensor, x: Tensor, weight: Tensor, eps: number, unitOffset: number): void
  rmsNormBackward(
    dX: Tensor,
    dWeight: Tensor | null,
    dOut: Tensor,
    x: Tensor,
    rstd: Tensor,
    weight: Tensor,
    unitOffset: number,
    residual?: Tensor | null,
  ): void

  // ---- attention
  /** Rotates x [B·T, H·D] in place by the tables cos, sin [T, rotaryDim/2]; row n has position n mod T. */
  rope(x: Tensor, cos: Tensor, sin: Tensor, shape: RopeShape): void
  /**
   * out[B·T,H·D] = softmax(softcap(scale·q·kᵀ) + causal, window and key mask) · v. keyMask is i32 [B,T], 1 = real token;
   * null = all real. logSum[B·T,H] saves log Σ exp for the backward. A query that sees no key gives 0. q, k and v may all be
   * bf16 where the device has `bf16Products`: the exponentials, before softmax divides by their sum, are then rounded to bf16 too,
   * and in the backward the probabilities, their gradients and dOut.
   */
  attention(
    out: Tensor,
    logSum: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keyMask: Tensor | null,
    shape: AttentionShape,
  ): void
  /**
   * Row length − 1 of keys and values [capacity, Hkv·D] = k and v; then out[1,H·D] = softmax(softcap(scale·q·keysᵀ) within the window) ·
   * values: what `attention` gives for its last row. With `rotation`, q and k are first rotated as by `rope`, and undefined afterwards.
   */
  attentionStep(
    out: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keys: Tensor,
    values: Tensor,
    shape: AttentionStepShape,
    rotation?: Rotation | null,
  ): void
  attentionBackward(
    dQ: Tensor,
    dK: Tensor,
    dV: Tensor,
    dOut: Tensor,
    out: Tensor,
    logSum: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keyMask: Tensor | null,
    shape: AttentionShape,
  ): void

  // ---- elementwise
  activation(out: Tensor, x: Tensor, kind: Activation): void
  /** dX = dOut ⊙ f′(x). dX may be dOut (in place). */
  activationBackward(dX: Tensor, dOut: Tensor, x: Tensor, kind: Activation): void
  /** out = f(gate) ⊙ up. */
  gated(out: Tensor, gate: Tensor, up: Tensor, kind: Activation): void
  gatedBackward(dGate: Tensor, dUp: Tensor, dOut: Tensor, gate: Tensor, up: Tensor, kind: Activation): void
  /** out = a + b. */
  add(out: Tensor, a: Tensor, b: Tensor): void
  /** out += alpha · x. */
  addScaled(out: Tensor, x: Tensor, alpha: number): void
  /** x = value everywhere. */
  fill(x: Tensor, value: number): void
  /** out = x in out's element type, rounded to nearest even. */
  convert(out: Tensor, x: Tensor): void

  // ---- losses
  /**
   * Streams logits[N,Vc], the vocabulary [start, start+Vc), into runMax[N] and runSum[N] (Σ exp(x − runMax)), and
   * picks targetLogit[N] where targets (i32 [N], < 0 = ignored) falls into it. Begin with runMax = −∞, runSum = 0.
   */
  logSumExpChunk(
    runMax: Tensor,
    runSum: Tensor,
    targetLogit: Tensor,
    logits: Tensor,
    targets: Tensor,
    start: number,
  ): void
  /** logits[N,Vc] become, in place, rowWeight[n] · (softmax − one-hot); ignored targets give 0. */
  crossEntropyBackwardChunk(
    logits: Tensor,
    runMax: Tensor,
    runSum: Tensor,
    targets: Tensor,
    rowWeight: Tensor,
    start: number,
  ): void
  /**
   * Streams logits[N,Vc] and those of the dense model, each divided by `temperature`, into sums[N,5]: maximum and Σ exp(x − max) of the
   * logits, the same of the dense ones, and Σ exp(d − max)·(d − x). Begin with (−∞, 0, −∞, 0, 0).
   */
  divergenceChunk(sums: Tensor, logits: Tensor, dense: Tensor, temperature: number): void
  /**
   * logits[N,Vc] become, in place, rowWeight[n] · ((1 − w)(softmax(z) − one-hot) + w·T·(softmax(z/T) − softmax(d/T))), with the sums of both
   * streams; ignored targets give 0.
   */
  distillBackwardChunk(
    logits: Tensor,
    dense: Tensor,
    streams: { readonly runMax: Tensor; readonly runSum: Tensor; readonly divergence: Tensor },
    targets: Tensor,
    rowWeight: Tensor,
    loss: DenseLoss,
    start: number,
  ): void
  /** out[1] += Σ (a − b)². */
  squaredError(out: Tensor, a: Tensor, b: Tensor): void
  /** dA = factor · (a − b). */
  squaredErrorBackward(dA: Tensor, a: Tensor, b: Tensor, factor: number): void
  /** out[1] += Σ x². */
  sumSquares(out: Tensor, x: Tensor): void

  // ---- optimiser
  /** AdamW (Loshchilov & Hutter, 2019) in place on param, m, v; bias-corrected, decoupled decay. */
  adamw(param: Tensor, grad: Tensor, m: Tensor, v: Tensor, step: AdamStep): void
}

/**
 * Fused kernels, for forwards without a backward. Each returns false, and does nothing, if it does not support the operands or
 * their sizes.
 */
export interface FusedKernels {
  /** out[N,O] = f(input · weightᵀ + bias) ⊙ factor, f32 or rounded to bf16; a null factor is 1. */
  linearActivated(
    out: Tensor,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    kind: Activation,
    factor: Tensor | null,
  ): boolean
  /**
   * out = softmax(scale·q·kᵀ + causal) · v, without saving anything for a backward. With bf16 operands this rounds the
   * probabilities, whereas `attention` rounds the exponentials before softmax divides by their sum.
   */
  attentionAlone(out: Tensor, q: Tensor, k: Tensor, v: Tensor, shape: AttentionShape): boolean
}
