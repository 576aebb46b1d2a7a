// What watching costs: from a save to the start of the build and to the finished target, beside a plain build of the
// same edit; and how soon and with how much memory a tree of 100,000 files is watched.
import { spawn, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

const LBUILD = fileURLToPath(new URL('../../lbuild', import.meta.url))
const EDITS = 15
const root = mkdtempSync(`${tmpdir()}/lbuild-bench-`)

writeFileSync(
  `${root}/build.config.ts`,
  `import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file, tree } from 'lbuild'
const note = artifact('note', { inputs: { note: file('note') }, outputs: { note: 'note' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.note, outputs.note) })
const many = artifact('many', { inputs: { src: tree('src') }, outputs: { many: 'many' },
  produce: ({ inputs, outputs }) => writeFileSync(outputs.many, String(readdirSync(inputs.src).length)) })
export default defineConfig({ artifacts: [note, many] })
`,
)
const now = () => Number(process.hrtime.bigint()) / 1e6
const median = (all) => all.toSorted((a, b) => a - b)[all.length >> 1]

/** Starts watching; `next` gives the moment of the next event of a type. */
function watching(target) {
  const startedAt = now()
  const child = spawn(process.execPath, [LBUILD, 'watch', target, '-C', root, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const waiting = []
  createInterface(child.stdout).on('line', (line) => {
    const { type } = JSON.parse(line)
    for (const one of waiting.filter((other) => other.type === type)) {
      waiting.splice(waiting.indexOf(one), 1)
      one.resolve(now())
    }
  })
  return { child, startedAt, next: (type) => new Promise((resolve) => waiting.push({ type, resolve })) }
}

try {
  writeFileSync(`${root}/note`, '0')
  const small = watching('note')
  await small.next('idle')
  const [starts, ends] = [[], []]
  for (let edit = 1; edit <= EDITS; edit += 1) {
    const [building, built, idle] = ['building', 'built', 'idle'].map((type) => small.next(type))
    const at = now()
    writeFileSync(`${root}/note`, `watched ${edit}`)
    starts.push((await building) - at)
    ends.push((await built) - at)
    await idle
  }
  small.child.kill()
  const plain = []
  for (let edit = 1; edit <= EDITS; edit += 1) {
    writeFileSync(`${root}/note`, `plain ${edit}`)
    const at = now()
    execFileSync(process.execPath, [LBUILD, 'note', '-C', root], { stdio: 'ignore' })
    plain.push(now() - at)
  }
  const ms = (all) => `${median(all).toFixed(0)} ms`
  console.log(
    `save to start of build ${ms(starts)}, to finished target ${ms(ends)}; a plain build ${ms(plain)}`,
  )

  for (let n = 0; n < 1_000; n += 1) {
    mkdirSync(`${root}/src/${n % 40}/${n}`, { recursive: true })
    for (let m = 0; m < 100; m += 1) writeFileSync(`${root}/src/${n % 40}/${n}/${m}`, `${n} ${m}`)
  }
  execFileSync(process.execPath, [LBUILD, 'many', '-C', root], { stdio: 'ignore' })
  const large = watching('many')
  const ready = (await large.next('watching')) - large.startedAt
  await large.next('idle')
  const [, memory] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${large.child.pid}/status`, 'utf8'))
  const building = large.next('building')
  const at = now()
  writeFileSync(`${root}/src/0/0/0`, 'edited')
  const edit = (await building) - at
  large.child.kill()
  console.log(
    `100,000 files: watched after ${ready.toFixed(0)} ms with ${(memory / 1024).toFixed(0)} MiB; an edit begins a build after ${edit.toFixed(0)} ms`,
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
