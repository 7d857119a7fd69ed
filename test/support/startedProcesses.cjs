// Counts the processes that tests start, and what they test starts in the tests' own process: the built command line, and all others.
const childProcess = require('node:child_process')
const { syncBuiltinESMExports } = require('node:module')

const started = { commandLine: 0, other: 0 }

for (const name of ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'execSync', 'fork'])
  childProcess[name] = new Proxy(childProcess[name], {
    apply(start, self, given) {
      started[JSON.stringify(given.slice(0, 2)).includes('cli.mjs') ? 'commandLine' : 'other']++
      return Reflect.apply(start, self, given)
    },
  })
syncBuiltinESMExports()

module.exports = started
