import { plannedRule } from '../plannedRule.ts'

export const rule = plannedRule('spread-too-wide', {
  id: 'N14',
  severity: 'error',
  title: 'A spread that is too wide',
  why: 'Sparsities from s − spread in the first block to s + spread in the last must be between 0 and 1, so the spread must be less than both s and 1 − s.',
  bad: 'prune: [{sparsity: 0.8, allocation: depth, depth: {spread: 0.3}}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.8, allocation: depth, depth: {spread: 0.1}}]\nsave: {to: out}',
})
