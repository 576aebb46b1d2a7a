// Runs the random tests for as long as wanted: npm run fuzz -- --minutes 30 [--seed N]
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const env = { ...process.env, LBUILD_FUZZ_SECONDS: String(Number(values.minutes) * 60) }
if (values.seed !== undefined) env.LBUILD_SEED = values.seed
// All files at once, so that the time is the same for each.
const workers = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts')).length
const args = ['vitest', 'run', '--project', 'fuzz', '--maxWorkers', String(workers)]
const { status } = spawnSync('npx', args, { env, stdio: 'inherit' })
process.exit(status ?? 1)
