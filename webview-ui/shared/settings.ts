// The person's settings, as the host last told them.
import { signal } from '@preact/signals'
import { sequentialColour } from './palette.ts'
import type { ViewSettings } from '../../src/protocol/view.ts'

/** Until the host tells them, those of package.json. */
export const settings = signal<ViewSettings>({ palette: 'viridis', smoothing: 0.6, maxPoints: 2000, trusted: false })

/** From the least to the most, in the palette that the person has chosen. */
export const chosenColour = (share: number) => sequentialColour(settings.value.palette, share)
