// Measures `lbuild why` on a tree of 80,000 files with one change against a build with nothing to do.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lbuild, pair, show } from './support.mjs'

const CONFIG = `import { readdirSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, tree } from 'lbuild'
const many = artifact('many', { inputs: { src: tree('src') }, outputs: { many: 'many' },
  produce: ({ inputs, outputs }) => writeFileSync(outputs.many, String(readdirSync(inputs.src).length)) })
export default defineConfig({ artifacts: [many] })
`

/** A built workspace with 80,000 small files. */
function workspace() {
  const root = mkdtempSync(join(tmpdir(), 'lbuild-bench-'))
  writeFileSync(join(root, 'build.config.ts'), CONFIG)
  for (let n = 0; n < 800; n += 1) {
    const directory = join(root, 'src', String(n % 40), String(n))
    mkdirSync(directory, { recursive: true })
    for (let m = 0; m < 100; m += 1) writeFileSync(join(directory, String(m)), `${n} ${m}`)
  }
  lbuild(root, ['many'])
  return root
}

const [edited, still] = [workspace(), workspace()]
try {
  let edit = 0
  const why = () => {
    writeFileSync(join(edited, 'src/3/3/7'), `edit ${(edit += 1)}`)
    return lbuild(edited, ['why', 'many'])
  }
  show(
    'lbuild why, one of 80,000 files edited',
    'nothing to do',
    pair(why, () => lbuild(still, ['many']), 15),
  )
} finally {
  for (const root of [edited, still]) rmSync(root, { recursive: true, force: true })
}
