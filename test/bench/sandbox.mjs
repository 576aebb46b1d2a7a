// Measures the sandbox: twenty tiny producers, one after the other, with and without it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HOME, pair, show, time } from './support.mjs'

const COUNT = 20
const names = Array.from({ length: COUNT }, (_, number) => `part${number}`)

const CONFIG = `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig, internal, text } from 'lbuild'
const part = (name: string) =>
  artifact(name, {
    params: { word: text('') },
    outputs: { word: internal(name) },
    produce: ({ params, outputs }) => writeFileSync(outputs.word, params.word),
  })
export default defineConfig({ artifacts: ${JSON.stringify(names)}.map(part) })
`

/** Drops the right to create namespaces, as a plain container does; only root can build without them. */
const WITHOUT = ['setpriv', '--bounding-set=-sys_admin,-mknod', '--']

const root = mkdtempSync(join(tmpdir(), 'lbuild-bench-'))
let runs = 0
try {
  writeFileSync(join(root, 'build.config.ts'), CONFIG)
  // A new word each time, so that every producer runs.
  const build = (through) => {
    const words = [...names, '--jobs', '1', '--word', `run ${(runs += 1)}`]
    return time([...through, process.execPath, join(HOME, 'lbuild'), ...words], { cwd: root })
  }
  if (process.geteuid() === 0) {
    const [program, ...args] = [...WITHOUT, process.execPath, join(HOME, 'lbuild'), 'part0']
    const { stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
    if (!stderr.includes('producers run unconfined'))
      throw new Error(`they do not run without it:\n${stderr}`)
    show(
      `${COUNT} trivial producers in the sandbox`,
      'without it',
      pair(
        () => build([]),
        () => build(WITHOUT),
        10,
      ),
    )
  } else console.log('the sandbox: measured only for root, for whom producers may run without it')
} finally {
  rmSync(root, { recursive: true, force: true })
}
