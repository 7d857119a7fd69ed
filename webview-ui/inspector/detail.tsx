// One tensor: its picture, histogram, profiles, pattern validity and the groups that break the pattern.
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { TensorDetail, TensorRow } from '../../src/protocol/inspect.ts'
import { formatShape, formatShare } from '../../src/formatting/numbers.ts'
import { announce } from '../shared/announce.ts'
import { histogramBars, profileBars, profileCaption, roomBars } from '../../src/charts/tensorBars.ts'
import { Button } from '../shared/button.tsx'
import { Bars } from '../shared/bars.tsx'
import { ask } from '../shared/host.ts'
import { firstSlice, Matrix, matrixKey, matrixShape, type Sight, SlicePickers } from '../shared/matrix.tsx'
import { Facts } from '../shared/parts.tsx'
import { around } from '../shared/matrixInput.ts'
import { makeRoving } from '../shared/roving.ts'
import { factsOf, nearText, placeText } from './facts.ts'
import { host, known, learned, selected, waitsForScan } from './store.ts'

export function DetailPane() {
  const tensor = selected.value
  return (
    <section class="detail" aria-label="Tensor">
      {tensor ? <Detail tensor={tensor} /> : <p class="muted">Choose a cell of the map or a row of the table.</p>}
    </section>
  )
}

function Detail({ tensor }: { tensor: TensorRow }) {
  const { name, shape } = tensor
  const [chosen, setChosen] = useState<{ of: string; slice: number[] } | null>(null)
  const slice = chosen?.of === name ? chosen.slice : firstSlice(shape)
  const [threshold, setThreshold] = useState(0)
  const sight = useSignal<Sight | null>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [rows, columns] = matrixShape(shape)
  const isShown = tensor.unreadable === undefined && rows * columns > 0
  const isAsked = !waitsForScan.value
  const answer = useDetail(tensor, slice, threshold, isAsked)
  const showWeight = (row: number, column: number) => {
    sight.value = { of: matrixKey({ name, slice }), region: around(row, column, rows, columns) }
    canvas.current?.focus()
  }
  const detail = answer instanceof Error ? undefined : answer
  return (
    <>
      <div class="head">
        <h2>{placeText(tensor)}</h2>
        <small>{formatShape(shape)}</small>
      </div>
      <button
        type="button"
        class="plain mono name"
        title="Copy the name"
        onClick={() => {
          host.post({ type: 'copy', text: name })
          announce('Copied')
        }}
      >
        {name}
      </button>
      <div class="row">
        <SlicePickers shape={shape} slice={slice} onChange={(next) => setChosen({ of: name, slice: next })} />
      </div>
      {isShown && !isAsked && (
        <p class="muted" role="status">
          Its picture appears when the map is complete. Choose a cell to see its matrix now.
        </p>
      )}
      {isShown && isAsked && (
        <Matrix
          label="Picture of the matrix"
          matrix={{ name, slice, rows, columns }}
          model="first"
          sight={sight}
          canvas={canvas}
        />
      )}
      <div class="detailBody">
        <Facts facts={factsOf(tensor, detail?.stats ?? known.value.stats.get(name), detail)} />
        {isShown && (
          <div class="row">
            <NearZero change={setThreshold} />
            <span>{nearText(detail)}</span>
          </div>
        )}
        {answer instanceof Error && <p class="problem">{answer.message}</p>}
        {detail && <Pictures detail={detail} showWeight={showWeight} />}
      </div>
    </>
  )
}

/** The answer about the shown tensor; undefined until it arrives. A new threshold keeps the previous answer visible. */
function useDetail(
  tensor: TensorRow,
  slice: number[],
  threshold: number,
  isAsked: boolean,
): TensorDetail | Error | undefined {
  const of = matrixKey({ name: tensor.name, slice })
  const [answer, setAnswer] = useState<{ of: string; detail: TensorDetail | Error } | null>(null)
  useLayoutEffect(() => {
    if (tensor.unreadable !== undefined || !isAsked) return
    const asked = new AbortController()
    const take = (detail: TensorDetail | Error) => {
      if (asked.signal.aborted) return
      if (!(detail instanceof Error)) learned(detail.stats)
      setAnswer({ of, detail })
    }
    ask('detail', 'first', { name: tensor.name, slice, threshold }, asked.signal).then(take, take)
    return () => asked.abort()
  }, [tensor, of, threshold, isAsked])
  return answer?.of === of ? answer.detail : undefined
}

/** Pruned weights are exactly 0. A threshold also counts weights near 0. */
function NearZero({ change }: { change: (threshold: number) => void }) {
  return (
    <label title="Also count weights that are not exactly 0 but at most this large">
      {'Near zero: |w| ≤ '}
      <input
        type="number"
        min={0}
        step="any"
        placeholder="0"
        aria-label="Near zero: largest |w|"
        onChange={(event) => change(Math.max(0, Number(event.currentTarget.value) || 0))}
      />
    </label>
  )
}

interface PicturesProps {
  detail: TensorDetail
  showWeight: (row: number, column: number) => void
}

function Pictures({ detail, showWeight }: PicturesProps) {
  const { name, stats, heads, rowSparsity, columnSparsity, violations } = detail
  const { histogram, zeros } = stats
  const room = known.value.certificates?.[name]?.room_by_part
  const profile = (title: string, what: string, size: number, shares: readonly number[], labels?: string[]) =>
    // A profile of a matrix without zeros is an empty picture.
    shares.some((share) => share > 0) && (
      <Bars
        data={profileBars(title, shares, { what, size, labels })}
        caption={profileCaption(what, shares, labels)}
        name={`${name}-sparsity-by-${what}`}
        height={130}
      />
    )
  return (
    <>
      {histogram && histogram.from < histogram.to && (
        <Bars data={histogramBars(histogram, zeros, 'Histogram')} name={`${name}-histogram`} height={150} />
      )}
      {heads &&
        profile(
          'Sparsity by attention head',
          'heads',
          heads.length,
          heads.map(({ sparsity }) => sparsity),
          heads.map(({ label }) => label),
        )}
      {detail.rows > 1 && profile('Sparsity by row', 'rows', detail.rows, rowSparsity)}
      {detail.columns > 1 && profile('Sparsity by column', 'columns', detail.columns, columnSparsity)}
      {room && (
        <Bars
          data={roomBars(room, detail.rows)}
          caption={`of the error, by row: ${formatShare(Math.min(...room))} to ${formatShare(Math.max(...room))}`}
          name={`${name}-room-by-row`}
          height={130}
        />
      )}
      {violations && violations.groups.length > 0 && <Violations key={name} {...violations} showWeight={showWeight} />}
    </>
  )
}

type ViolationsProps = NonNullable<TensorDetail['violations']> & Pick<PicturesProps, 'showWeight'>

function Violations({ pattern, groups, showWeight }: ViolationsProps) {
  const list = useRef<HTMLDivElement>(null)
  const title = `Groups that break ${pattern} (row, first column)`
  useLayoutEffect(() => {
    if (list.current) makeRoving(list.current, [...list.current.querySelectorAll('button')])
  }, [])
  return (
    <>
      <h2>{title}</h2>
      <div ref={list} class="row violations" role="toolbar" aria-label={title}>
        {groups.map(({ row, column }) => (
          <Button act={() => showWeight(row, column)}>{`${row}, ${column}`}</Button>
        ))}
      </div>
    </>
  )
}
