// The picture of one matrix. Zoomed out, a pixel summarises many weights; zoomed in, each weight is visible.
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type Signal, useSignal } from '@preact/signals'
import { largest } from '../../src/formatting/lists.ts'
import type { Tile } from '../../src/protocol/inspect.ts'
import { shape } from '../../src/charts/shape.ts'
import type { ModelKey } from '../../src/protocol/view.ts'
import { announce } from './announce.ts'
import { Button } from './button.tsx'
import { context2d, usePainting } from './canvas.ts'
import { useWidth } from './picture.tsx'
import { FigureMenu, framed } from './figure.tsx'
import { ask } from './host.ts'
import { type Legend, LegendLine } from './legend.tsx'
import {
  type Act,
  followWeight,
  type Hovered,
  listenForMoves,
  type MatrixSize,
  type Region,
  regionText,
  showWhole,
  wholeMatrix,
  zoomIn,
  zoomOut,
} from './matrixInput.ts'
import { type FromAfar, isDense, mostOf, paintTile, scaleOf } from './matrixPaint.ts'
import { settings } from './settings.ts'
import { theme } from './theme.ts'

export interface ShownMatrix extends MatrixSize {
  readonly name: string
  /** Index along each leading dimension. */
  readonly slice: readonly number[]
}

/** The visible part of a matrix, valid for this matrix only. */
export interface Sight {
  readonly of: string
  readonly region: Region
  /** What the user chose to see when zoomed out; absent: decided by the first picture. */
  readonly afar?: FromAfar
}

export interface MatrixProps {
  readonly label: string
  readonly matrix: ShownMatrix
  readonly model: ModelKey
  /** The component keeps its own unless the page passes one. Two pictures that share one move together. */
  readonly sight?: Signal<Sight | null>
  /** Pictures by label that share one scale. The component has its own unless the page passes one. */
  readonly pictures?: Signal<ReadonlyMap<string, Loaded>>
  readonly canvas?: RefObject<HTMLCanvasElement | null>
}

/** A picture as received. */
export interface Loaded extends Sight {
  readonly tile: Tile | null
  readonly box: Box
  /** The visible part as text, or the error. */
  readonly said: string
  readonly afar: FromAfar
}

interface Box {
  readonly width: number
  readonly height: number
}

export const matrixKey = ({ name, slice }: Pick<ShownMatrix, 'name' | 'slice'>) => JSON.stringify([name, slice])

export function Matrix(props: MatrixProps) {
  const { label, matrix, model } = props
  const sight = useOwn<Sight | null>(props.sight, null)
  const pictures = useOwn<ReadonlyMap<string, Loaded>>(props.pictures, new Map())
  const ownCanvas = useRef<HTMLCanvasElement>(null)
  const canvas = props.canvas ?? ownCanvas
  const place = useRef<HTMLDivElement>(null)
  const tip = useRef<HTMLDivElement>(null)
  const of = matrixKey(matrix)
  const region = sight.value?.of === of ? sight.value.region : wholeMatrix(matrix.rows, matrix.columns)
  const side = Math.min(mostSide, Math.floor((useWidth(place) - 2) / sideStep) * sideStep)
  const box = pictureBox(region, side)
  const loaded = usePicture(matrix, region, side, model)
  const { palette } = settings.value
  void theme.value

  const act = (move: Act, byKey = false) => {
    const next = move(region, matrix)
    if (regionText(next) === regionText(region)) return
    sight.value = { of, region: next, afar: sight.value?.of === of ? sight.value.afar : undefined }
    if (byKey) announce(regionText(next))
  }
  const latest = useRef<{ act: typeof act; hovered: Hovered } | null>(null)
  const current = loaded?.of === of ? loaded : null
  useLayoutEffect(() => {
    if (loaded) pictures.value = new Map(pictures.peek()).set(label, loaded)
  }, [loaded])
  const alike = [...pictures.value.values()].filter((one) => one.of === of)
  const fitting = alike.some((one) => one.afar === 'size') ? 'size' : 'zeros'
  const afar = (sight.value?.of === of ? sight.value.afar : undefined) ?? fitting
  const tiles = alike.flatMap(({ tile, region: seen }) =>
    tile && regionText(seen) === regionText(region) ? [tile] : [],
  )
  const most = largest(tiles, 0, (tile) => mostOf(tile, afar))
  latest.current = { act, hovered: { ...matrix, region, tile: current?.tile ?? null, afar } }
  useEffect(() => {
    if (!canvas.current || !tip.current) return
    const now = () => latest.current as NonNullable<typeof latest.current>
    listenForMoves(
      canvas.current,
      () => now().hovered.region,
      (move, byKey) => now().act(move, byKey),
    )
    followWeight(canvas.current, tip.current, () => now().hovered, model)
  }, [])
  // The previous picture stays visible until the next one arrives.
  usePainting(() => {
    const drawn = loaded?.tile ? loaded.box : box
    if (!canvas.current || side <= 0) return
    const context = context2d(canvas.current, drawn.width, drawn.height)
    if (loaded?.tile) paintTile(context, drawn, loaded.tile, loaded.of === of ? afar : loaded.afar, palette, most)
  })
  const scale = current?.tile ? scaleOf(current.tile, afar, palette, most) : null
  const figure = () => (canvas.current && scale ? matrixFigure(canvas.current, matrix, region, scale) : null)
  return (
    <div class="matrix" ref={place}>
      <canvas ref={canvas} tabIndex={0} role="img" aria-label={label} />
      <div ref={tip} class="tip" aria-hidden="true" hidden />
      {scale && <LegendLine legend={scale} />}
      <div class="row tools">
        {moves.map(({ text, title, move }) => (
          <Button title={title} label={title} act={() => act(move)}>
            {text}
          </Button>
        ))}
        {current?.tile?.values === null && (
          <Button
            look="toggle"
            title="Colour by the mean |w| of each pixel, not by its share of zeros"
            pressed={afar === 'size'}
            act={() => (sight.value = { of, region, afar: afar === 'size' ? 'zeros' : 'size' })}
          >
            |w|
          </Button>
        )}
        <FigureMenu title={label} name="matrix" figure={figure} />
        <div class="muted caption">{current?.said ?? 'reading…'}</div>
      </div>
    </div>
  )
}

const moves = [
  { text: '+', title: 'Zoom in', move: zoomIn },
  { text: '−', title: 'Zoom out', move: zoomOut },
  { text: '□', title: 'Whole matrix', move: showWhole },
]

/** The page's signal, or else one of the component. */
function useOwn<T>(given: Signal<T> | undefined, first: T): Signal<T> {
  const own = useSignal(first)
  return given ?? own
}

/** Requests the picture of the visible part; the previous one stays until it arrives. */
function usePicture(matrix: ShownMatrix, region: Region, side: number, model: ModelKey) {
  const [loaded, setLoaded] = useState<Loaded | null>(null)
  const of = matrixKey(matrix)
  useLayoutEffect(() => {
    if (side <= 0) return
    const asked = new AbortController()
    const box = pictureBox(region, side)
    const take = (tile: Tile | null, said: string) => {
      if (asked.signal.aborted) return
      setLoaded((before) => {
        const afar = before?.of === of ? before.afar : tile && isDense(tile) ? 'size' : 'zeros'
        return { of, region, tile, box, said, afar }
      })
    }
    ask('tile', model, { name: matrix.name, slice: [...matrix.slice], ...region, ...box }, asked.signal).then(
      (tile) => take(tile, `${regionText(region)} · scroll to zoom`),
      (error: Error) => take(null, error.message),
    )
    return () => asked.abort()
  }, [of, side, ...Object.values(region)])
  return loaded
}

/** Largest side, and its steps, in CSS pixels. While the window is resized, a picture is requested only at each step. */
const [mostSide, sideStep] = [640, 20]

/** The picture as an SVG figure, pixel by pixel. */
function matrixFigure(canvas: HTMLCanvasElement, { name, slice }: ShownMatrix, region: Region, legend: Legend) {
  const { clientWidth: width, clientHeight: height } = canvas
  const href = canvas.toDataURL('image/png')
  const image = shape('image', { href, width, height, style: 'image-rendering: pixelated' })
  const caption = slice.length > 0 ? `[${slice.join(', ')}], ${regionText(region)}` : regionText(region)
  return framed({ title: name, caption, width, height, legend }, [image])
}

/** The matrix's own proportions, within a square, and never thinner than an eighth of it. */
function pictureBox(region: Region, side: number): Box {
  const rows = Math.max(1, region.rowEnd - region.rowStart)
  const columns = Math.max(1, region.columnEnd - region.columnStart)
  const scale = side / Math.max(rows, columns)
  const atLeast = side / 8
  return { width: Math.round(Math.max(atLeast, columns * scale)), height: Math.round(Math.max(atLeast, rows * scale)) }
}

/** Rows and columns: the last two dimensions; a vector is one row. */
export function matrixShape(shape: readonly number[]): [number, number] {
  return [shape.length > 1 ? shape[shape.length - 2] : 1, shape[shape.length - 1] ?? 1]
}

/** The first matrix of a tensor: index 0 of every leading dimension. */
export const firstSlice = (shape: readonly number[]): number[] => shape.slice(0, -2).map(() => 0)

interface SlicePickersProps {
  readonly shape: readonly number[]
  readonly slice: readonly number[]
  readonly onChange: (slice: number[]) => void
}

/** A tensor of more than two dimensions is shown one matrix at a time, with a field per leading dimension. */
export function SlicePickers({ shape, slice, onChange }: SlicePickersProps) {
  const choose = (axis: number, input: HTMLInputElement) => {
    const at = Math.max(0, Math.min(shape[axis] - 1, Math.round(Number(input.value)) || 0))
    input.value = String(at)
    onChange(slice.map((index, i) => (i === axis ? at : index)))
  }
  return (
    <>
      {slice.map((at, axis) => (
        <label>
          {`dimension ${axis}: `}
          <input
            type="number"
            min={0}
            max={shape[axis] - 1}
            value={at}
            aria-label={`Index of dimension ${axis}`}
            onChange={(event) => choose(axis, event.currentTarget)}
          />
          {` of ${shape[axis]}`}
        </label>
      ))}
    </>
  )
}
