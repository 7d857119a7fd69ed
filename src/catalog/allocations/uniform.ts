import type { Allocation } from './allocation.ts'

export const uniform: Allocation = {
  title: 'Uniform',
  about: 'every block the same, or a list over the depth',
  paper: null,
  needs: 'nothing',
  keys: {},
  tries: {},
  most: null,
  shown: null,
  spread: null,
}
