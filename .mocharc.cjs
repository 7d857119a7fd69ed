// For `npx mocha FILE`. By its address, since threads look for the loader from where the process stands, which tests change.
const { pathToFileURL } = require('node:url')

module.exports = {
  'node-option': [`import=${pathToFileURL(require.resolve('tsx')).href}`],
  timeout: 180000,
  reporter: 'dot',
}
