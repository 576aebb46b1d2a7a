// Runs the random tests: npm run fuzz -- --minutes 30 | --histories 5000 [--seed N]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    histories: { type: 'string' },
    seed: { type: 'string' },
  },
})

const run = async (files, env) => {
  const args = ['vitest', 'run', '--project', 'fuzz', ...files]
  const child = spawn('npx', args, { env: { ...process.env, ...env }, stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  return code ?? 1
}

/** All tests at once, each for the same time. The option --maxWorkers has no effect on a project. */
const runAll = () => {
  const count = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts')).length
  const env = { LBUILD_FUZZ_SECONDS: String(Number(values.minutes) * 60), VITEST_MAX_WORKERS: String(count) }
  return [run([], values.seed === undefined ? env : { ...env, LBUILD_SEED: values.seed })]
}

/** A number of histories, divided among as many processes as there are processors. */
const runHistories = (count) => {
  const parts = availableParallelism()
  const first = Number(values.seed ?? Date.now() % 2 ** 31)
  const env = { LBUILD_FUZZ_HISTORIES: String(Math.ceil(count / parts)) }
  return Array.from({ length: parts }, (_, part) =>
    run(['test/fuzz/histories.test.ts'], { ...env, LBUILD_SEED: String(first + part) }),
  )
}

const codes = await Promise.all(
  values.histories === undefined ? runAll() : runHistories(Number(values.histories)),
)
process.exitCode = Math.max(...codes)
