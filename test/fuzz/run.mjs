// Lets histories happen for as long as is asked: npm run fuzz -- --minutes 30 [--seed N]
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const env = { ...process.env, LBUILD_FUZZ_MINUTES: values.minutes }
if (values.seed !== undefined) env.LBUILD_SEED = values.seed
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'fuzz', 'test/fuzz/histories.test.ts'], {
  env,
  stdio: 'inherit',
})
process.exit(status ?? 1)
