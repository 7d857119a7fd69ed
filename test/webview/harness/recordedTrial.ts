// Three checkpoints on a prompt, as the extension host tells of them.
import type { TriedToken, TryProgress } from '../../../src/protocol/tryOut.ts'
import type { ToTry, TriedModel } from '../../../src/protocol/view.ts'

export const triedModels: TriedModel[] = [
  { path: '/models/opt', label: 'opt', role: 'dense' },
  { path: '/models/opt-pruned', label: 'opt-pruned', role: 'pruned' },
  { path: '/models/opt-wanda50', label: 'opt-wanda50', role: 'recovered' },
]

type Piece = [id: number, piece: string, dense: number]
/** Piece by piece, with the dense model's probability. */
const said: Piece[][] = [
  [
    [1, ' Paris', 0.83],
    [2, ',', 0.61],
    [3, ' the', 0.34],
    [4, ' city', 0.52],
    [5, ' of', 0.97],
    [6, ' light', 0.4],
    [7, '.', 0.7],
  ],
  [
    [1, ' Paris', 0.83],
    [9, ' of', 0.004],
    [9, ' of', 0.00001],
    [8, ' the', 0.2],
    [9, ' of', 0.0002],
    [8, ' the', 0.2],
  ],
  [
    [1, ' Paris', 0.83],
    [2, ',', 0.61],
    [3, ' the', 0.34],
    [10, ' capital', 0.05],
    [5, ' of', 0.9],
    [11, ' France', 0.88],
    [7, '.', 0.9],
    [0, '', 0.4],
  ],
]

function token([id, piece, dense]: Piece): TriedToken {
  const share = Math.min(0.96, dense + 0.1)
  const others = [' one', '\n', ' <b>it</b>', ' that'].map((other, i) => ({
    piece: other,
    logProbability: Math.log((1 - share) / 2 ** (i + 1)),
  }))
  const logProbability = Math.log(share)
  return { id, piece, logProbability, alternatives: [{ piece, logProbability }, ...others] }
}

/** Everything that is written after one prompt, its judgements last. */
export function recordedProgress(prompt = 0): TryProgress[] {
  const columns = said.map((pieces) => pieces.map(token))
  const tokens = columns.flatMap((own, column) =>
    own.map((one): TryProgress => ({ type: 'token', column, prompt, token: one })),
  )
  const ends = columns.flatMap((own, column): TryProgress[] => [
    { type: 'end', column, prompt, rest: '', seconds: own.length / 20 },
    {
      type: 'judged',
      column,
      prompt,
      logProbabilities: said[column].map(([, , dense]) => Math.log(dense)),
    },
  ])
  return [...tokens, ...ends]
}

export function recordedTrial(prompts: string[] = ['The capital of France is']): ToTry[] {
  return [
    { type: 'columns', columns: triedModels, note: null },
    { type: 'begun', prompts },
    { type: 'written', progress: triedModels.map((_, column) => ({ type: 'opening', column })) },
    { type: 'written', progress: prompts.flatMap((_, prompt) => recordedProgress(prompt)) },
    { type: 'ended', status: 'done', message: null, device: 'OpenBLAS 0.3.29, 2 threads' },
  ]
}
