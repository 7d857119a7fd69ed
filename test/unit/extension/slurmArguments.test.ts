import assert from 'node:assert/strict'
import { slurmArguments } from '../../../src/extension/sweeps/slurmArguments.ts'
import { slurmOptions } from '../../../src/cli/sweep/slurmOption.ts'

const nothing = {
  partition: '',
  account: '',
  qos: '',
  constraint: '',
  time: '',
  memory: '',
  cpus: 0,
  gpus: 0,
  atATime: 0,
}

describe('settings of Slurm', () => {
  it('that say nothing ask for nothing', () => assert.deepEqual(slurmArguments(nothing), []))

  it('are options that the command line takes', () => {
    const given = slurmArguments({
      partition: 'gpu',
      account: 'lab',
      qos: '2',
      constraint: 'a100|h100',
      time: ' 02:00:00 ',
      memory: '32GB',
      cpus: 8,
      gpus: 1,
      atATime: 4,
    })
    const options = given.filter((one) => one !== '--slurm')
    assert.equal(given.length, 2 * options.length)
    const expected = {
      partition: 'gpu',
      account: 'lab',
      qos: '2',
      constraint: 'a100|h100',
      time: '02:00:00',
      memory: '32GB',
      cpus: 8,
      gpus: 1,
      at_a_time: 4,
    }
    assert.deepEqual(slurmOptions(options), expected)
  })
})
