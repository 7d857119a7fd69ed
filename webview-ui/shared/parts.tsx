// Small components of every page.
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { printable } from '../../src/formatting/printable.ts'
import { type CutText, endOfText } from '../../src/runs/series/samples.ts'

/** Facts as terms and texts. */
export function Facts({ facts }: { facts: readonly (readonly [term: string, text: ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.map(([term, text]) => (
        <>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </>
      ))}
    </dl>
  )
}

/** The head of a plain table. */
export function Heads({ of }: { of: readonly string[] }) {
  return (
    <thead>
      <tr>
        {of.map((text) => (
          <th scope="col">{text}</th>
        ))}
      </tr>
    </thead>
  )
}

/** The sentence that answers the page's question. Its `lead` is emphasised, and a number stays on the line of its unit. */
export function Say({ before = '', lead = '', text }: { before?: string; lead?: string; text: string }) {
  return (
    <p class="say">
      {unbroken(before)}
      <b>{unbroken(lead)}</b>
      {unbroken(text)}
    </p>
  )
}

const unbroken = (text: string) => text.replace(/(\d) (?=[%KMB])/g, '$1\u00a0')

/** Renders nothing for an empty list. */
export function Warnings({ of, label }: { of: readonly ComponentChildren[]; label?: string }) {
  if (of.length === 0) return null
  return (
    <ul class="warnings" aria-label={label}>
      {of.map((warning) => (
        <li>{warning}</li>
      ))}
    </ul>
  )
}

export function Folded({ title, children }: { title: ComponentChildren; children: ComponentChildren }) {
  return (
    <details>
      <summary>{title}</summary>
      {typeof children === 'string' ? <pre class="mono">{children}</pre> : children}
    </details>
  )
}

export interface Option<Value extends string = string> {
  readonly value: Value
  readonly text: string
}

interface SelectProps<Value extends string> {
  /** Name for screen readers. */
  readonly label: string
  /** Visible label before the select. */
  readonly before?: string
  readonly options: readonly Option<Value>[]
  readonly value: Value
  readonly onChoose: (value: Value) => void
}

/** A choice of one option. */
export function Select<Value extends string>({ label, before, options, value, onChoose }: SelectProps<Value>) {
  const id = useId()
  return (
    <span class="choice" title={label}>
      {before !== undefined && <label for={id}>{before}</label>}
      <select
        id={id}
        aria-label={label}
        value={value}
        disabled={options.length < 2}
        onChange={({ currentTarget }) => onChoose(currentTarget.value as Value)}
      >
        {options.map(({ value: own, text }) => (
          <option key={own} value={own}>
            {text}
          </option>
        ))}
      </select>
    </span>
  )
}

interface SmoothingProps {
  readonly value: number
  readonly choose: (value: number) => void
  /** Whether to report each step of a drag, not only its end. */
  readonly live?: boolean
}

/** How strongly a loss is smoothed, 0 to 0.99. */
export function Smoothing({ value, choose, live }: SmoothingProps) {
  const take = (event: { currentTarget: HTMLInputElement }) => choose(Number(event.currentTarget.value))
  return (
    <label class="choice">
      smoothing
      <input
        type="range"
        min={0}
        max={0.99}
        step={0.01}
        aria-label="Smoothing"
        value={value}
        {...(live ? { onInput: take } : { onChange: take })}
      />
      <output>{value.toFixed(2)}</output>
    </label>
  )
}

/** An untrusted text, with a mark at the first token that differs from another text. `cut` null: no difference. */
export function MarkedText({ text, cut = null }: { text: string; cut?: CutText | null }) {
  if (!cut) return <bdi>{printable(text)}</bdi>
  return (
    <bdi>
      {printable(cut.before)}
      <mark title="The first token that differs">{printable(cut.token) || endOfText}</mark>
      {printable(cut.after)}
    </bdi>
  )
}
