// Settings of the steps of retraining and reconstruction.

export interface TrainingSettings {
  readonly steps: number
  /** Peak rate of AdamW. */
  readonly lr: number
  readonly weightDecay: number
  /** Largest global norm of the gradient; null = off. */
  readonly clipNorm: number | null
  readonly batchSize: number
  /** Batches whose gradients add up before one optimiser step. */
  readonly gradAccumulation: number
  /** null = windows in order. */
  readonly shuffleSeed: number | null
  /** Path of the recovery in its recipe, for messages; `recover` by default. */
  readonly place?: string
}
