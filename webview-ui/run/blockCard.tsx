// The block that is picked: its errors, and its matrices, each of which opens in the Inspector.
import { placeOf } from '../shared/blockGrid.ts'
import { formatDuration, formatShare, formatValue } from '../../src/formatting/numbers.ts'
import { modesOf, recoveryName } from '../../src/runs/series/recoveries.ts'
import { Button } from '../shared/button.tsx'
import { host } from './host.ts'
import { pickedBlock, picture } from './store.ts'

export function BlockCard() {
  const block = pickedBlock.value
  if (block === null) return null
  const found = picture.value.blocks.get(block)
  const modes = modesOf(picture.value)
  const errors = [...(found?.errors ?? [])].map(([recovery, { before, after }]) => {
    const name = modes.length > 1 ? recoveryName(recovery, modes[recovery] ?? '') : (modes[0] ?? 'recovery')
    return `${name}: mean squared error ${formatValue(before)} → ${formatValue(after)}`
  })
  const matrices = Object.entries(found?.modules ?? {})
  return (
    <section class="card" aria-label={`Block ${block}`}>
      <div class="head">
        <h2>Block {block}</h2>
        <Button look="secondary small" act={() => (pickedBlock.value = null)}>
          Close
        </Button>
      </div>
      <p class="muted">
        {found ? [...errors, formatDuration(found.seconds)].join(' · ') : 'Neither pruned nor recovered yet.'}
      </p>
      {matrices.length > 0 && (
        <div class="row">
          <span>Open in the Inspector:</span>
          {matrices.map(([name, { sparsity }]) => (
            <Button look="link" title={name} act={() => host.post({ type: 'openMatrix', name })}>
              {placeOf(name).module} {formatShare(sparsity)}
            </Button>
          ))}
        </div>
      )}
    </section>
  )
}
