// A labelled list of choices, and a switch.
export interface Option {
  readonly value: string
  readonly text: string
}

interface ChoiceProps {
  readonly label: string
  readonly title: string
  readonly options: readonly Option[]
  readonly chosen: string
  readonly onChoose: (value: string) => void
}

export function Choice({ label, title, options, chosen, onChoose }: ChoiceProps) {
  return (
    <label class="choice" title={title}>
      {label}
      <select
        aria-label={title}
        value={chosen}
        disabled={options.length < 2}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

interface SwitchProps {
  readonly text: string
  readonly title: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}

export function Switch({ text, title, on, onChange }: SwitchProps) {
  return (
    <button type="button" class="toggle" title={title} aria-pressed={on} onClick={() => onChange(!on)}>
      {text}
    </button>
  )
}
