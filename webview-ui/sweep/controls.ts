// Controls of the view: each writes into the options, then tells that something was chosen.
import { curveNames, type CurveName } from '../../src/shared/series/curves.ts'
import type { Measure } from '../../src/shared/sweep/measures.ts'
import { defaultStyles, stylePaths, type StyledBy } from '../../src/shared/chart/runStyles.ts'
import { h } from '../shared/dom.ts'
import type { Axes } from './axes.ts'
import { createChoice, createSwitch } from './choice.ts'
import { curveTexts } from './curves.ts'
import type { Entry } from './entries.ts'
import type { Options } from './options.ts'

/** Controls of the picture: its axes, and what colours and shapes tell apart. */
export function createPictureControls(options: Options, chosen: () => void) {
  const axis = (name: 'x' | 'y') =>
    createChoice(name, `${name} axis of the picture`, (value) => {
      options[name] = value
      options[name === 'x' ? 'logX' : 'logY'] = null
      chosen()
    })
  const style = (name: keyof StyledBy) =>
    createChoice(name, `What ${name}s tell apart`, (value) => {
      options[name] = value
      chosen()
    })
  const log = (name: 'logX' | 'logY', axisName: string) =>
    createSwitch(`log ${axisName}`, `Picture: logarithmic ${axisName} axis`, (on) => {
      options[name] = on
      chosen()
    })
  const [x, y, logX, logY] = [axis('x'), axis('y'), log('logX', 'x'), log('logY', 'y')]
  const styles = { colour: style('colour'), shape: style('shape') }
  const logs = h('span', { class: 'choice' }, logX.element, logY.element)
  return {
    element: h('div', { class: 'choices' }, ...[x, y, styles.colour, styles.shape].map(({ element }) => element), logs),
    /** `axes` null: there is nothing to draw. Which of them are logarithmic. */
    showAxes(available: readonly Measure[], axes: Axes | null): { logX: boolean; logY: boolean } {
      const choices = available.map(({ id, title }) => ({ value: id, text: title }))
      x.update(choices, axes?.x.id ?? '')
      y.update(choices, axes?.y.id ?? '')
      const isLog = { logX: options.logX ?? false, logY: options.logY ?? axes?.y.isLog ?? false }
      logX.set(isLog.logX)
      logY.set(isLog.logY)
      return isLog
    },
    /** Shows the chosen styles, where their settings exist, else the default ones. */
    showStyles(entries: readonly Omit<Entry, 'style'>[]): StyledBy {
      const usual = defaultStyles(entries)
      const show = (name: keyof StyledBy) => {
        const paths = stylePaths(entries, name)
        const wish = options[name] === null ? usual[name] : options[name] || null
        const found = paths.find((path) => path === wish) ?? null
        const choices = paths.map((path) => ({ value: path, text: path }))
        styles[name].update([{ value: '', text: 'none' }, ...choices], found ?? '')
        return found
      }
      return { colour: show('colour'), shape: show('shape') }
    },
  }
}

/** Controls of the curves: which, how smooth, on which axes. */
export function createCurveControls(options: Options, chosen: () => void) {
  const curve = createChoice('', 'Which curves', (value) => {
    options.curve = curveNames.find((name) => name === value) ?? null
    options.curveLogY = null
    chosen()
  })
  const log = (name: 'curveLogX' | 'curveLogY', axisName: string) =>
    createSwitch(`log ${axisName}`, `Curves: logarithmic ${axisName} axis`, (on) => {
      options[name] = on
      chosen()
    })
  const [logX, logY] = [log('curveLogX', 'x'), log('curveLogY', 'y')]
  const smoother = h('input', { type: 'range', min: 0, max: 0.99, step: 0.01, 'aria-label': 'Smoothing of the loss' })
  const smoothing = h('label', { class: 'choice' }, 'smooth', smoother)
  smoother.addEventListener('change', () => {
    options.smoothing = Number(smoother.value)
    chosen()
  })
  return {
    element: h('div', { class: 'choices' }, curve.element, smoothing, logX.element, logY.element),
    /** The curve that the runs are most likely to have, a loss where one trains, unless another was chosen. */
    show(usualSmoothing: number): { name: CurveName; logX: boolean; logY: boolean; smoothing: number } {
      const name = options.curve ?? 'loss'
      const shown = {
        name,
        logX: options.curveLogX,
        logY: options.curveLogY ?? name !== 'accuracy',
        smoothing: options.smoothing ?? usualSmoothing,
      }
      curve.update(curveNames.map((value) => ({ value, text: curveTexts[value].title })), name) // prettier-ignore
      logX.set(shown.logX)
      logY.set(shown.logY)
      smoothing.hidden = name !== 'loss'
      if (document.activeElement !== smoother) smoother.value = String(shown.smoothing)
      return shown
    },
  }
}
