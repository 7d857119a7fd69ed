// Mixture of experts: every token goes through its top k experts, whose outputs are added with their shares as weights.
import { readF32, upload } from '../compute/backend.ts'
import { Arena } from '../compute/arena.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { ExpertsConfig } from '../../catalog/families/modelConfig.ts'
import { mlpBackward, mlpForward, type MlpSaved, type MlpWeights } from './mlp.ts'
import { gathered, type Grads, type Step } from './module.ts'
import { dropUnless, type Pass } from './pass.ts'
import { route, routeBackward, type Routing } from './routing.ts'

export interface MoeWeights {
  readonly kind: 'moe'
  readonly config: ExpertsConfig
  /** Weight [E, C]. */
  readonly router: Router
  readonly experts: readonly MlpWeights[]
  /** An expert that every token goes through as well. */
  readonly shared: SharedExpert | null
}

/** A router is never pruned and never adapted. */
export interface Router {
  /** Name in the checkpoint. */
  readonly name: string
  readonly weight: Tensor
}

/** Its share is the sigmoid of its router [1, C]. */
export interface SharedExpert {
  readonly router: Router
  readonly mlp: MlpWeights
}

export interface MoeSaved {
  readonly x: Tensor
  readonly routing: Routing
  /** null for an expert that no token was sent to. */
  readonly experts: readonly (ExpertSaved | null)[]
  readonly shared: (ExpertSaved & { readonly hostShares: Float32Array }) | null
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

/** output[N,C] = Σ_e share_e · expert_e(x) + σ(router · x) · shared(x). Waits for the router's result, which decides what to compute. */
export async function moeForward(pass: Pass, weights: MoeWeights, x: Tensor, output: Tensor): Promise<MoeSaved> {
  const { step, scope } = pass
  const { backend } = step
  const logits = scope.allocate([x.shape[0], weights.config.numExperts])
  backend.kernels.linear(logits, x, weights.router.weight, null)
  const routing = route(await readF32(backend, logits), weights.config)
  scope.release(logits)
  backend.kernels.fill(output, 0)
  const experts: (ExpertSaved | null)[] = []
  for (const [e, expert] of weights.experts.entries()) {
    if (routing.rows[e].length === 0) {
      experts.push(null)
      continue
    }
    experts.push(await addExpert(pass, expert, x, routing.rows[e], routing.shares[e], output))
  }
  const shared = weights.shared && (await sharedForward(pass, weights.shared, x, output))
  return { x, routing, experts, shared }
}

/** output += σ(router · x) · shared(x). */
async function sharedForward(pass: Pass, { router, mlp }: SharedExpert, x: Tensor, output: Tensor) {
  const { backend } = pass.step
  const logits = pass.scope.allocate([x.shape[0], 1])
  backend.kernels.linear(logits, x, router.weight, null)
  const hostShares = (await readF32(backend, logits)).map((value) => 1 / (1 + Math.exp(-value)))
  pass.scope.release(logits)
  return { ...(await addExpert(pass, mlp, x, everyRow(x), hostShares, output)), hostShares }
}

const everyRow = ({ shape: [count] }: Tensor) => Int32Array.from({ length: count }, (_, n) => n)

/** output += share · expert(x) of the given rows. */
async function addExpert(
  pass: Pass,
  expert: MlpWeights,
  x: Tensor,
  rows: Int32Array<ArrayBuffer>,
  shares: Float32Array<ArrayBuffer>,
  output: Tensor,
): Promise<ExpertSaved> {
  const saved = await expertForward(pass, expert, x, rows, shares)
  pass.step.backend.kernels.scatterAddRows(output, saved.output, saved.rows, saved.shares)
  for (const tensor of [saved.output, saved.rows, saved.shares]) pass.drop(tensor)
  return saved
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
  const rows = scope.upload([count], 'i32', hostRows)
  const shares = scope.upload([count], 'f32', hostShares)
  const input = gathered(step, scope, x, rows)
  step.observe?.(weights.inputs, input)
  const output = scope.allocate([count, x.shape[1]])
  const mlp = await mlpForward(pass, weights, input, output)
  dropUnless(pass, input, mlp.x)
  return { rows, shares, mlp, output }
}

/** Writes dX[N,C] when it is wanted, through the experts and through the router. */
export async function moeBackward(
  step: Step,
  weights: MoeWeights,
  { x, routing, experts, shared }: MoeSaved,
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
  const dShared =
    shared && weights.shared && (await expertBackward(step, scope, weights.shared.mlp, shared, dOutput, grads, dX))
  const wants = (router: Router) => dX !== null || grads.of(router.name) !== null
  if (wants(weights.router)) {
    const host: Float32Array[] = []
    for (const tensor of dShares) host.push(tensor ? await readF32(backend, tensor) : new Float32Array(0))
    routerBackward(step, weights.router, routeBackward(routing, host, weights.config), x, grads, dX)
  }
  if (dShared && shared && weights.shared && wants(weights.shared.router)) {
    const slopes = shared.hostShares.map((share) => share * (1 - share))
    const dLogits = (await readF32(backend, dShared)).map((d, n) => d * slopes[n])
    routerBackward(step, weights.shared.router, dLogits, x, grads, dX)
  }
}

/** Adds to the router's gradient and to dX, given the gradients of its logits [N, E]. */
function routerBackward(
  { backend }: Step,
  { name, weight }: Router,
  hostGradients: Float32Array<ArrayBuffer>,
  x: Tensor,
  grads: Grads,
  dX: Tensor | null,
): void {
  const dLogits = upload(backend, 'f32', [x.shape[0], weight.shape[0]], hostGradients)
  const dRouter = grads.of(name)
  if (dRouter) backend.kernels.linearBackwardWeight(dRouter, dLogits, x)
  if (dX) backend.kernels.linearBackwardInput(dX, dLogits, weight, true)
  backend.release(dLogits)
}

/** Adds to dX's rows; returns the gradients of the shares [m], in `scope`. */
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
  const dRows = gathered(step, inner, dOutput, rows)
  kernels.rowDot(dShares, dRows, output)
  // Multiplies each row by its share: scatter-adds the rows to zeros at their own indices.
  const dExpert = inner.allocate(output.shape)
  const identity = inner.upload([count], 'i32', everyRow(output))
  kernels.fill(dExpert, 0)
  kernels.scatterAddRows(dExpert, dRows, identity, shares)
  const dInput = dX ? inner.allocate(mlp.x.shape) : null
  await mlpBackward(step, inner, weights, mlp, dExpert, grads, dInput)
  if (dX && dInput) kernels.scatterAddRows(dX, dInput, rows, null)
  return dShares
}
