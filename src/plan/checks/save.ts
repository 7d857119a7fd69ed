// Results that cannot be saved as the recipe asks.
import { ggufContents } from '../../catalog/families/gguf/ggufContents.ts'
import type { ResolvedRecipe } from '../../recipe/resolve.ts'
import type { ModelView } from '../modelView.ts'
import { refusal, warning, type PlanFinding } from '../planFinding.ts'
import { untiesHead } from './recoveries.ts'

export function* saveFindings({ save, recover }: ResolvedRecipe, model: ModelView | null): Iterable<PlanFinding> {
  if (save?.format !== 'gguf') return
  const [to, format] = ['to', 'format'].map((key) => ['save', key])
  const folder = save.to.replace(/\.gguf[\\/]*$/, '')
  if (folder !== save.to && folder !== '')
    yield refusal(
      'gguf-impossible',
      to,
      `save.to names the folder of the result; the GGUF file gets its name with .gguf behind it: write to: ${folder}.`,
      { from: [format], fixes: [{ path: to, value: folder }] },
    )
  if (!model) return
  const { config } = model
  const contents = ggufContents(recover.some(untiesHead) ? { ...config, tied: false } : config, () => undefined)
  if (typeof contents === 'string')
    yield refusal('gguf-impossible', format, `${contents[0].toUpperCase()}${contents.slice(1)}: remove format.`, {
      fixes: [{ path: format }],
    })
  else for (const said of contents.warnings) yield warning('gguf-impossible', format, `${said}.`)
}
