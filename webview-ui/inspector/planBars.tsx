// The bars of the plan at the rows and columns of the map: each is one Tab stop, in which the arrows across lead from bar to bar.
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { groupedBy } from '../../src/shared/format/lists.ts'
import type { GridLayout } from '../shared/gridLayout.ts'
import { PlanBar } from './planBar.tsx'
import { plan } from './planStore.ts'
import { map } from './store.ts'

/** Pixels. */
export const rowBarsWidth = 132
export const columnBarsHeight = 72

export function RowBars({ layout: { left, top, columns, cellWidth, cellHeight } }: { layout: GridLayout }) {
  const groups = groupedBy(plan.value?.modules ?? [], ({ block }) => block)
  const x = left + columns * cellWidth + 10
  return (
    <Bars label="Planned sparsity by block" next="ArrowDown" before="ArrowUp">
      {(stop) =>
        map.value.blocks.map((block, row) => (
          <PlanBar
            label={`block ${block}`}
            modules={groups.get(block) ?? []}
            grows="right"
            style={{ left: `${x}px`, top: `${top + row * cellHeight}px`, height: `${cellHeight - 1}px` }}
            tabIndex={row === stop ? 0 : -1}
            line={plan.value?.mean}
          />
        ))
      }
    </Bars>
  )
}

export function ColumnBars({ layout: { left, height, cellWidth } }: { layout: GridLayout }) {
  const groups = groupedBy(plan.value?.modules ?? [], ({ module }) => module)
  return (
    <Bars label="Planned sparsity by module" next="ArrowRight" before="ArrowLeft">
      {(stop) =>
        map.value.modules.map((module, column) => (
          <PlanBar
            label={module}
            modules={groups.get(module) ?? []}
            grows="up"
            style={{
              left: `${left + column * cellWidth}px`,
              top: `${height + 4}px`,
              width: `${cellWidth - 1}px`,
              height: `${columnBarsHeight - 8}px`,
            }}
            tabIndex={column === stop ? 0 : -1}
            line={plan.value?.mean}
          />
        ))
      }
    </Bars>
  )
}

interface BarsProps {
  readonly label: string
  readonly next: string
  readonly before: string
  /** Given which of them Tab leads to. */
  readonly children: (stop: number) => ComponentChildren
}

function Bars({ label, next, before, children }: BarsProps) {
  const [stop, setStop] = useState(0)
  const walk = (event: KeyboardEvent) => {
    if (event.key !== next && event.key !== before) return
    const sliders = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=slider]')]
    const at = sliders.indexOf(document.activeElement as HTMLElement)
    if (at < 0) return
    event.preventDefault()
    const to = Math.max(0, Math.min(sliders.length - 1, at + (event.key === next ? 1 : -1)))
    setStop(to)
    sliders[to].focus()
  }
  return (
    <div role="group" aria-label={label} onKeyDown={walk}>
      {children(stop)}
    </div>
  )
}
