// A model on the Hub: its address, its config and card, and the buttons that fetch weights. Weights are fetched one tensor at a
// time, after the page has shown how many bytes that takes.
import type { RemoteNote, TensorRow } from '../../src/protocol/inspect.ts'
import { formatBytes, plural } from '../../src/formatting/numbers.ts'
import { Button } from '../shared/button.tsx'
import { Folded } from '../shared/parts.tsx'
import { fetched, host } from './store.ts'
import { shortened } from './about.tsx'

/** Longer cards are read on the model's page. */
const longestCard = 20_000

export function RemoteButtons() {
  return (
    <div class="row">
      <Button
        act={() => host.post({ type: 'pull' })}
        title="Downloads the model into the Hub's cache on this machine after you confirm its name"
        untrusted="Pulling needs a trusted workspace."
      >
        Pull…
      </Button>
      <Button
        primary
        act={() => host.post({ type: 'prune' })}
        title="Pulls the model, then opens the form of Prune…"
        untrusted="Pruning needs a trusted workspace."
      >
        Pull and prune…
      </Button>
    </div>
  )
}

export function RemoteBox({ address, commit, files, bytes, config, card }: RemoteNote) {
  return (
    <section aria-label="On the Hub">
      <p class="muted">
        On the Hub at <a href={address}>{address}</a>: {plural(files, 'file')}, {formatBytes(bytes)}, commit{' '}
        {commit.slice(0, 12)}. Only the header was fetched; the weights of a tensor come when you ask for them, and
        nothing is kept on the disk.
      </p>
      {config !== null && <Folded title="config.json">{shortened(config)}</Folded>}
      {card === null ? (
        <p class="muted">It has no readable model card.</p>
      ) : (
        <Folded title="Model card">{card.length > longestCard ? `${card.slice(0, longestCard)} …` : card}</Folded>
      )}
    </section>
  )
}

/** Shown in place of the picture until the weights are fetched. */
export function FetchTensor({ tensor }: { tensor: TensorRow }) {
  const size = formatBytes(tensor.storedBytes ?? tensor.bytes)
  return (
    <div class="row fetchTensor">
      <Button act={() => (fetched.value = new Set([...fetched.value, tensor.name]))}>
        {`Fetch its weights (${size})`}
      </Button>
      <span class="muted">for statistics and picture; they are kept in memory only</span>
    </div>
  )
}
