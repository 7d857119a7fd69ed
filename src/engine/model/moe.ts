// Experts: every token goes through the top k of them, and their outputs are added by their shares.
import { readF32, upload } from '../compute/backend.ts'
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { ExpertsConfig } from '../../shared/families/modelConfig.ts'
import { mlpBackward, mlpForward, type MlpSaved, type MlpWeights } from './mlp.ts'
import type { Grads, Step } from './module.ts'
import { dropUnless, type Pass } from './pass.ts'
import { route, routeBackward, type Routing } from './routing.ts'

export interface MoeWeights {
  readonly kind: 'moe'
  readonly config: ExpertsConfig
  /** Checkpoint name of the router's weight. */
  readonly routerName: string
  /** [E, C]: never pruned, never adapted. */
  readonly router: Tensor
  readonly experts: readonly MlpWeights[]
}

export interface MoeSaved {
  readonly x: Tensor
  readonly routing: Routing
  /** null for an expert that no token chose. */
  readonly experts: readonly (ExpertSaved | null)[]
}

interface ExpertSaved {
  /** i32 [m], rows of x. */
  readonly rows: Tensor
  /** [m] */
  readonly shares: Tensor
  readonly mlp: MlpSaved
  /** [m, C] before the share is applied. */
  readonly output: Tensor
}

/** output[N,C] = Σ_e share_e · expert_e(x). Waits for the router: where tokens go decides what is computed. */
export async function moeForward(pass: Pass, weights: MoeWeights, x: Tensor, output: Tensor): Promise<MoeSaved> {
  const { step, scope } = pass
  const { backend } = step
  const logits = scope.allocate([x.shape[0], weights.config.numExperts])
  backend.kernels.linear(logits, x, weights.router, null)
  const routing = route(await readF32(backend, logits), weights.config)
  scope.release(logits)
  backend.kernels.fill(output, 0)
  const experts: (ExpertSaved | null)[] = []
  for (const [e, expert] of weights.experts.entries()) {
    if (routing.rows[e].length === 0) {
      experts.push(null)
      continue
    }
    const saved = await expertForward(pass, expert, x, routing.rows[e], routing.shares[e])
    backend.kernels.scatterAddRows(output, saved.output, saved.rows, saved.shares)
    for (const tensor of [saved.output, saved.rows, saved.shares]) pass.drop(tensor)
    experts.push(saved)
  }
  return { x, routing, experts }
}

async function expertForward(
  pass: Pass,
  weights: MlpWeights,
  x: Tensor,
  hostRows: Int32Array<ArrayBuffer>,
  hostShares: Float32Array<ArrayBuffer>,
): Promise<ExpertSaved> {
  const { step, scope } = pass
  const count = hostRows.length
  const rows = scope.allocate([count], 'i32')
  const shares = scope.allocate([count])
  step.backend.write(rows, hostRows)
  step.backend.write(shares, hostShares)
  const input = scope.allocate([count, x.shape[1]])
  step.backend.kernels.gatherRows(input, x, rows, 1)
  step.observe?.(weights.inputs, input)
  const output = scope.allocate([count, x.shape[1]])
  const mlp = await mlpForward(pass, weights, input, output)
  dropUnless(pass, input, mlp.x)
  return { rows, shares, mlp, output }
}

/** dX[N,C] is written when wanted: through the experts, and through the router. */
export async function moeBackward(
  step: Step,
  weights: MoeWeights,
  { x, routing, experts }: MoeSaved,
  dOutput: Tensor,
  grads: Grads,
  dX: Tensor | null,
): Promise<void> {
  const { backend } = step
  if (dX) backend.kernels.fill(dX, 0)
  using scope = new Arena(backend)
  const dShares: (Tensor | null)[] = []
  for (const [e, expert] of experts.entries())
    dShares.push(expert && (await expertBackward(step, scope, weights.experts[e], expert, dOutput, grads, dX)))
  const dRouter = grads.of(weights.routerName)
  if (!dRouter && !dX) return
  const host: Float32Array[] = []
  for (const tensor of dShares) host.push(tensor ? await readF32(backend, tensor) : new Float32Array(0))
  const dLogits = upload(backend, 'f32', [x.shape[0], experts.length], routeBackward(routing, host, weights.config))
  if (dRouter) backend.kernels.linearBackwardWeight(dRouter, dLogits, x)
  if (dX) backend.kernels.linearBackwardInput(dX, dLogits, weights.router, true)
  backend.release(dLogits)
}

/** Adds to dX's rows; gives the gradients of the shares [m], in `scope`. */
async function expertBackward(
  step: Step,
  scope: Arena,
  weights: MlpWeights,
  { rows, shares, mlp, output }: ExpertSaved,
  dOutput: Tensor,
  grads: Grads,
  dX: Tensor | null,
): Promise<Tensor> {
  const { kernels } = step.backend
  const count = rows.length
  const dShares = scope.allocate([count])
  using inner = new Arena(step.backend)
  const dRows = inner.allocate(output.shape)
  kernels.gatherRows(dRows, dOutput, rows, 1)
  kernels.rowDot(dShares, dRows, output)
  // Each row times its share: scattered onto itself.
  const dExpert = inner.allocate(output.shape)
  const identity = inner.allocate([count], 'i32')
  step.backend.write(
    identity,
    Int32Array.from({ length: count }, (_, i) => i),
  )
  kernels.fill(dExpert, 0)
  kernels.scatterAddRows(dExpert, dRows, identity, shares)
  const dInput = dX ? inner.allocate(mlp.x.shape) : null
  await mlpBackward(step, inner, weights, mlp, dExpert, grads, dInput)
  if (dX && dInput) kernels.scatterAddRows(dX, dInput, rows, null)
  return dShares
}
