// A picture with its title and one menu: save it, show it as a table, change how it looks. It is exported as a table of
// numbers, as an SVG with title and legend, or as a PNG.
import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import './chart.css'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { shape, type Shape, svgFile } from '../../src/charts/shape.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { post, saveText } from './host.ts'
import { placeAfter } from './roving.ts'
import { Heads } from './parts.tsx'
import { type Legend, legendShapes } from './legend.tsx'

/** A setting that a person switches on and off, such as a logarithmic axis. */
export interface FigureSwitch {
  readonly label: string
  readonly on: boolean
  readonly set: (on: boolean) => void
}

export interface MenuProps {
  readonly title: string
  /** Name of exported files, without extension; made from the title unless given. */
  readonly name?: string
  /** The drawing for export, on white; null while there is nothing to draw. */
  readonly figure?: () => Shape | null
  /** The numbers of the figure as CSV. */
  readonly csv?: () => string
  readonly switches?: readonly FigureSwitch[]
}

export interface FigureProps extends MenuProps {
  /** Shown instead of the picture on request, and exported as CSV unless `csv` is given. */
  readonly table?: () => DataTable
  /** Controls beside the menu. */
  readonly tools?: ComponentChildren
  readonly children: ComponentChildren
}

export function Figure({ table, tools, children, ...menu }: FigureProps) {
  const { title, csv = table && (() => tableCsv(table())), switches = [] } = menu
  const [asTable, setAsTable] = useState(false)
  // A table has no axes.
  const offered = table
    ? [{ label: 'Show as table', on: asTable, set: setAsTable }, ...(asTable ? [] : switches)]
    : switches
  return (
    <figure class="chart" aria-label={title}>
      <div class="chartHead">
        <h2 class="chartTitle">{title}</h2>
        <span class="chartTools">
          {tools}
          <FigureMenu {...menu} csv={csv} switches={offered} />
        </span>
      </div>
      {table && asTable ? <DataTableView label={title} table={table()} /> : children}
    </figure>
  )
}

const tableCsv = ({ heads, rows }: DataTable): string =>
  toCsv(
    heads,
    rows.map(({ head, cells }) => [head, ...cells]),
  )

/** The menu of everything that can be done with a figure. */
export function FigureMenu(props: MenuProps) {
  const { title } = props
  const says = 'Save, or change the view'
  return <Menu name={title} label={`${title}: save, or change the view`} title={says} entries={entriesOf(props)} />
}

export interface MenuEntry {
  readonly label: string
  readonly checked?: boolean
  readonly act: () => void
}

interface MoreProps {
  readonly name: string
  /** What a screen reader calls the button. */
  readonly label: string
  readonly title: string
  readonly entries: readonly MenuEntry[]
}

/** A button with three dots that opens a menu above everything else. */
export function Menu({ name, label: says, title, entries }: MoreProps) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const menu = useRef<HTMLDivElement>(null)
  const place = () => {
    const box = button.current?.getBoundingClientRect()
    if (!box || !menu.current) return
    const { style } = menu.current
    const room = document.documentElement.clientHeight - box.bottom
    const below = room > 28 * entries.length + 12
    style.top = below ? `${box.bottom + 2}px` : ''
    style.bottom = below ? '' : `${document.documentElement.clientHeight - box.top + 2}px`
    style.right = `${document.documentElement.clientWidth - box.right}px`
  }
  const items = () => [...(menu.current?.querySelectorAll('button') ?? [])]
  const walk = (event: KeyboardEvent) => {
    const all = items()
    const next = placeAfter(event, all.indexOf(document.activeElement as HTMLButtonElement), all.length)
    if (next === null) return
    event.preventDefault()
    all[next].focus()
  }
  return (
    <>
      <button
        type="button"
        class="figureMore"
        ref={button}
        popovertarget={id}
        aria-haspopup="menu"
        aria-label={says}
        title={title}
      >
        ⋯
      </button>
      <div
        class="menu"
        id={id}
        ref={menu}
        popover="auto"
        role="menu"
        aria-label={name}
        onBeforeToggle={place}
        onToggle={(event) => event.newState === 'open' && items()[0]?.focus()}
        onKeyDown={walk}
      >
        {entries.map(({ label, checked, act }) => (
          <button
            type="button"
            tabIndex={-1}
            role={checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
            aria-checked={checked}
            onClick={() => {
              menu.current?.hidePopover()
              act()
            }}
          >
            {label}
          </button>
        ))}
      </div>
    </>
  )
}

function entriesOf({ title, name = fileName(title), figure, csv, switches = [] }: MenuProps): MenuEntry[] {
  const save = (as: (svg: string) => void) => () => {
    const drawing = figure?.()
    if (drawing) as(svgFile(drawing))
  }
  const png = (svg: string) =>
    void rasterise(svg).then((content) => post({ type: 'export', name: `${name}.png`, content, encoding: 'base64' }))
  const pictures = [
    { label: 'Save as SVG', act: save((svg) => saveText(`${name}.svg`, svg)) },
    { label: 'Save as PNG', act: save(png) },
  ]
  return [
    ...switches.map(({ label, on, set }) => ({ label, checked: on, act: () => set(!on) })),
    ...(figure ? pictures : []),
    ...(csv ? [{ label: 'Save as CSV', act: () => saveText(`${name}.csv`, csv()) }] : []),
  ]
}

const fileName = (title: string) => title.toLowerCase().replace(/[^\w.]+/g, '-')

/** A row head that is a name, which aligns left, not a number, which aligns right. */
const named = /^[^\d.+−-]/

/** Unchanged cells keep their elements, so that a screen reader, a selection and the scroll position keep their place. */
export function DataTableView({ label, table }: { label: string; table: DataTable }) {
  const { heads, rows } = table
  const look = rows.some(({ head }) => named.test(head)) ? 'dataTable named' : 'dataTable'
  return (
    <div class="dataTableView" role="region" tabIndex={0} aria-label={`${label}, table`}>
      <table class={look}>
        <Heads of={heads} />
        <tbody>
          {rows.map(({ head, cells }) => (
            <tr>
              <th scope="row">{head}</th>
              {cells.map((text, i) => (
                <td colSpan={i === cells.length - 1 ? heads.length - cells.length : 1}>{text}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** An SVG as base64 PNG, enlarged by `scale`. */
export async function rasterise(svgText: string, scale = 2): Promise<string> {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = image.naturalWidth * scale
  canvas.height = image.naturalHeight * scale
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser has no 2D canvas')
  context.drawImage(image, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL('image/png').split(',')[1]
}

export interface Framed {
  readonly title: string
  readonly caption?: string
  readonly legend: Legend
  /** Size of the content. */
  readonly width: number
  readonly height: number
}

const margin = 12
const head = 30
const line = 20
/** Titles are names of tensors, which are long. */
const narrowest = 420

/** A small picture as a file: white ground, title, legend and caption, without selection marks. */
export function framed({ title, caption = '', legend, width, height }: Framed, content: readonly Shape[]): Shape {
  const wide = Math.max(narrowest, width, 8.4 * title.length, 6.6 * caption.length) + 2 * margin
  const foot = head + height + 12
  const tall = foot + line + (caption === '' ? 0 : line) + margin
  const place = (y: number, parts: readonly Shape[]) => shape('g', { transform: `translate(${margin} ${y})` }, ...parts)
  return shape(
    'svg',
    { viewBox: `0 0 ${wide} ${tall}`, width: wide, height: tall, 'font-family': 'sans-serif', 'font-size': 11 },
    shape('title', {}, title),
    shape('rect', { width: wide, height: tall, fill: '#ffffff' }),
    shape('text', { x: margin, y: 19, 'font-size': 13, 'font-weight': 600 }, title),
    place(head, content),
    place(foot, legendShapes(legend)),
    shape('text', { x: margin, y: foot + line + 12, fill: '#444444' }, caption),
  )
}
