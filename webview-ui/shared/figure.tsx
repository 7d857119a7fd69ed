// A picture with its title, and one menu of everything that can be done with it: saved, shown as a table, looked at otherwise.
import './chart.css'
import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import type { DataTable } from '../../src/charts/chartValues.ts'
import { svgFile, type Shape } from '../../src/charts/shape.ts'
import { toCsv } from '../../src/formatting/tables.ts'
import { DataTableView } from './dataTable.tsx'
import { post, saveText } from './host.ts'
import { placeAfter } from './roving.ts'
import { rasterise } from './shapes.ts'

/** What a person can switch on and off, such as a logarithmic axis. */
export interface FigureSwitch {
  readonly label: string
  readonly on: boolean
  readonly set: (on: boolean) => void
}

export interface MenuProps {
  readonly title: string
  /** Name of its files, without extension; the title unless given. */
  readonly name?: string
  /** On white paper; null while there is nothing to draw. */
  readonly figure?: () => Shape | null
  /** Its numbers as CSV. */
  readonly csv?: () => string
  readonly switches?: readonly FigureSwitch[]
}

export interface FigureProps extends MenuProps {
  /** In place of the picture where a person wants numbers, and its CSV unless that is given. */
  readonly table?: () => DataTable
  /** Beside the menu. */
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

export const tableCsv = ({ heads, rows }: DataTable): string =>
  toCsv(
    heads,
    rows.map(({ head, cells }) => [head, ...cells]),
  )

/** The menu of everything that can be done with a figure. */
export function FigureMenu(props: MenuProps) {
  const { title } = props
  const says = 'Save, or show otherwise'
  return <Menu name={title} label={`${title}: save, or show otherwise`} title={says} entries={entriesOf(props)} />
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

/** A button with three dots. Its menu is above everything else and closes as menus do. */
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
