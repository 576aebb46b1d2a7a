// Runs every suite of tests, one after the other, and fails at the end if one of them failed.
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'

const SUITES = ['check', 'check:package', 'unit', 'integration', 'package', 'fuzz:ci', 'e2e']
const counts = process.env.LBUILD_TEST_COUNTS

const countedLines = () => (counts === undefined ? '' : readFileSync(counts, 'utf8'))

const failed = SUITES.filter((suite) => {
  console.log(`\nsuite ${suite}`)
  const start = Date.now()
  const before = countedLines()
  const { status } = spawnSync('npm', ['run', '--silent', suite], { stdio: 'inherit' })
  console.log(
    `suite ${suite}: ${status === 0 ? 'passed' : 'failed'} in ${Math.round((Date.now() - start) / 1000)} s`,
  )
  // A suite that counts no tests, or that broke before its first one, counts as one test.
  if (counts !== undefined && countedLines() === before)
    appendFileSync(counts, status === 0 ? '1 0 0\n' : '0 1 0\n')
  return status !== 0
})

if (failed.length > 0) {
  console.log(`\nfailed: ${failed.join(', ')}`)
  process.exitCode = 1
}
