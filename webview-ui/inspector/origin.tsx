// How a checkpoint that a run has made came about: what was done, what came out, the recipe.
import type { Origin } from '../../src/protocol/inspect.ts'
import { Button } from '../shared/button.tsx'
import { DataTableView } from '../shared/figure.tsx'
import { Facts, Folded } from '../shared/parts.tsx'
import { host } from './host.ts'

/** Nothing for a checkpoint that is none of ours. Closed: the map is what people come for. */
export function OriginBox({ origin }: { origin: Origin | undefined }) {
  if (!origin) return null
  const { facts, results, protocol, recipe, hasCard } = origin
  return (
    <details class="origin">
      <summary>
        Provenance:{' '}
        <span class="muted">
          {facts
            .slice(0, 3)
            .map((fact) => fact.join(' '))
            .join(' · ')}
        </span>
      </summary>
      <Facts facts={facts} />
      {results.rows.length > 0 && (
        <DataTableView
          label="Results"
          table={{ heads: results.heads, rows: results.rows.map(([head, ...cells]) => ({ head, cells })) }}
        />
      )}
      <ul class="muted">
        {protocol.map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
      <Folded title="Recipe">{recipe}</Folded>
      <Button
        act={() => host.post({ type: 'writeCard' })}
        disabled={hasCard}
        title={hasCard ? 'There is a README.md already; it is never overwritten.' : 'README.md for the Hub'}
        untrusted="Writing a model card needs a trusted workspace."
      >
        Write model card
      </Button>
    </details>
  )
}
