// Runs the random tests for as long as wanted: npm run fuzz -- --minutes 30 [--seed N]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const env = { ...process.env, LBUILD_FUZZ_SECONDS: String(Number(values.minutes) * 60) }
if (values.seed !== undefined) env.LBUILD_SEED = values.seed
const files = ['histories', 'kill', 'watch'].map((name) => `test/fuzz/${name}.test.ts`)
// All of them at once, so that the time is the same for each.
const args = ['vitest', 'run', '--project', 'fuzz', '--maxWorkers', String(files.length), ...files]
const { status } = spawnSync('npx', args, { env, stdio: 'inherit' })
process.exit(status ?? 1)
