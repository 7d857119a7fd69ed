// The settings of the user, as the host last sent them.
import { signal } from '@preact/signals'
import { sequentialColour } from './palette.ts'
import type { ViewSettings } from '../../src/protocol/view.ts'

/** The defaults of package.json, until the host sends the settings. */
export const settings = signal<ViewSettings>({ palette: 'viridis', smoothing: 0.6, maxPoints: 2000, trusted: false })

/** Colour of a share from 0 to 1 in the chosen palette. */
export const chosenColour = (share: number) => sequentialColour(settings.value.palette, share)
