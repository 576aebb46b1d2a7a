// Runs the random tests for as long as wanted: npm run fuzz -- --minutes 30 [--seed N]
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const env = { ...process.env, LBUILD_FUZZ_SECONDS: String(Number(values.minutes) * 60) }
if (values.seed !== undefined) env.LBUILD_SEED = values.seed
// All files at once, so that the time is the same for each. The option --maxWorkers has no effect on a project.
const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))
env.VITEST_MAX_WORKERS = String(files.length)
const args = ['vitest', 'run', '--project', 'fuzz']
const { status } = spawnSync('npx', args, { env, stdio: 'inherit' })
process.exit(status ?? 1)
