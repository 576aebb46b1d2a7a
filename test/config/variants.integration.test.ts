// Tests variants: copies of artifacts with other params, which share the dependencies that these do not change.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const GUIDE = readFileSync(fileURLToPath(new URL('../../docs/guide.md', import.meta.url)), 'utf8')

/** The example of the guide. */
const EXAMPLE = /```ts\n(export default defineConfig\(\{\n[^`]*variant\([^`]*)```/.exec(GUIDE)?.[1] ?? ''

const ARTIFACTS = `import { artifact, integer, text } from 'lbuild'
import { readFileSync, writeFileSync } from 'node:fs'
export const rootfs = artifact('rootfs', { outputs: { tar: { internal: 'rootfs.tar' } },
  produce: ({ outputs }) => writeFileSync(outputs.tar, 'rootfs') })
export const initramfs = artifact('initramfs', { params: { logLevel: text('quiet') }, outputs: { image: 'initramfs.img' },
  produce: ({ outputs, params }) => writeFileSync(outputs.image, 'initramfs ' + params.logLevel) })
export const qcow2 = artifact('qcow2', { describe: 'the disk image',
  inputs: { rootfs: rootfs.output('tar'), initramfs: initramfs.output('image') },
  params: { diskSize: integer(1), logLevel: text('quiet') }, outputs: { image: 'levitate.qcow2' },
  produce: ({ inputs, outputs, params }) => writeFileSync(outputs.image,
    [...Object.values(inputs).map((path) => readFileSync(path, 'utf8')), params.diskSize, params.logLevel].join(', ')) })
`

const config = (listed: string): string => `import { artifact, defineConfig, variant } from 'lbuild'
import { initramfs, qcow2, rootfs } from './artifacts.ts'
${listed}
`

const EXTENDED = `const debug = variant(qcow2, 'qcow2-debug', { logLevel: 'debug' })
export default defineConfig({
  artifacts: [rootfs, debug, initramfs, qcow2, variant(debug, 'big', { diskSize: 9 })],
  profiles: { dev: { logLevel: 'info', diskSize: 2 } },
})`

const workspace = (listed = EXTENDED): TestWorkspace =>
  new TestWorkspace({ 'artifacts.ts': ARTIFACTS, 'build.config.ts': config(listed) })

describe('a variant', () => {
  it('needs at most five lines, as in the example of the guide', async () => {
    expect(EXAMPLE.trim().split('\n').length).toBeLessThanOrEqual(5)
    const made = workspace(EXAMPLE)
    const { ran } = await made.build('qcow2', 'qcow2-debug')
    expect(ran).toEqual(['initramfs', 'qcow2', 'qcow2-debug', 'qcow2-debug-initramfs', 'rootfs'])
    expect(made.read('output/levitate.qcow2')).toBe('rootfs, initramfs quiet, 1, quiet')
    expect(made.read('output/qcow2-debug/levitate.qcow2')).toBe('rootfs, initramfs debug, 1, debug')
    expect(made.read('output/qcow2-debug/initramfs.img')).toBe('initramfs debug')
    expect((await made.build('qcow2', 'qcow2-debug')).ran).toEqual([])
  })

  it('of a variant has the params of both', async () => {
    const made = workspace()
    const { ran } = await made.build('big')
    expect(ran).toEqual(['big', 'qcow2-debug-initramfs', 'rootfs'])
    expect(made.read('output/big/qcow2-debug/levitate.qcow2')).toBe('rootfs, initramfs debug, 9, debug')
  })

  it('gets what is set for the artifacts that it copies, unless it sets that itself', async () => {
    const made = workspace(`const debug = variant(qcow2, 'qcow2-debug', { 'initramfs.logLevel': 'debug' })
export default defineConfig({
  artifacts: [rootfs, debug, initramfs, qcow2],
  params: { 'qcow2.diskSize': 7, 'qcow2.logLevel': 'info', 'initramfs.logLevel': 'warn' },
  profiles: { small: { 'qcow2.diskSize': 3 }, other: { 'qcow2.diskSize': 3, 'qcow2-debug.diskSize': 4 } },
})`)
    const images = async (...args: readonly string[]): Promise<readonly string[]> => {
      await made.succeed('qcow2', 'qcow2-debug', ...args)
      return ['', 'qcow2-debug/'].map((directory) => made.read(`output/${directory}levitate.qcow2`))
    }
    const [plain, debug] = ['rootfs, initramfs warn', 'rootfs, initramfs debug']
    expect(await images()).toEqual([`${plain}, 7, info`, `${debug}, 7, info`])
    expect(await images('--profile', 'small')).toEqual([`${plain}, 3, info`, `${debug}, 3, info`])
    expect(await images('--profile', 'other')).toEqual([`${plain}, 3, info`, `${debug}, 4, info`])
  })

  it('keeps its params unless its own name sets them', async () => {
    const made = workspace()
    const image = async (...args: readonly string[]): Promise<string> => {
      await made.succeed('qcow2-debug', ...args)
      return made.read('output/qcow2-debug/levitate.qcow2')
    }
    expect(await image('--log-level', 'loud')).toBe('rootfs, initramfs debug, 1, debug')
    expect(await image('--profile', 'dev')).toBe('rootfs, initramfs debug, 2, debug')
    expect(await image('--set', 'qcow2-debug.logLevel=loud')).toBe('rootfs, initramfs debug, 1, loud')
    expect(await image('--set', 'qcow2-debug-initramfs.logLevel=loud')).toBe(
      'rootfs, initramfs loud, 1, debug',
    )
    expect(await image('--disk-size', '3')).toBe('rootfs, initramfs debug, 3, debug')
  })

  it('is an artifact for why, status, graph, params and help', async () => {
    const made = workspace()
    await made.succeed('qcow2', 'qcow2-debug')
    made.edit('build.config.ts', `logLevel: 'debug'`, `logLevel: 'trace'`)
    const { stdout } = await made.lbuild('why', 'qcow2-debug')
    expect(stdout).toContain('param logLevel: "debug" → "trace"')
    expect(stdout).toContain("set by the variant 'qcow2-debug'")
    expect(await made.verdicts()).toMatchObject({ qcow2: 'fresh', rootfs: 'fresh', 'qcow2-debug': 'stale' })
    expect((await made.lbuild('graph', 'qcow2-debug')).stdout).toContain('qcow2-debug-initramfs')
    expect((await made.lbuild('qcow2-debug', '--help')).stdout).toContain(
      'the disk image, for the variant qcow2-debug',
    )
    const params = JSON.parse((await made.lbuild('params', 'qcow2-debug', '--json')).stdout) as unknown
    expect(JSON.stringify(params)).toContain('"origin":"variant"')
    expect((await made.lbuild('check')).stdout).not.toContain('qcow2-debug')
  })

  it.each([
    [
      'an unknown param',
      `variant(qcow2, 'x', { loglevel: 'a' })`,
      `unknown param 'loglevel'`,
      `did you mean 'logLevel'?`,
    ],
    [
      'an invalid value',
      `variant(qcow2, 'x', { diskSize: 'a' })`,
      `cannot set the param 'diskSize'`,
      "the variant 'x'",
    ],
    ['an existing name', `variant(qcow2, 'rootfs', {})`, `needs the name 'rootfs'`, 'rename one of them'],
    [
      'the name of a command',
      `variant(qcow2, 'why', {})`,
      `invalid name 'why' of a variant`,
      'use another name',
    ],
    [
      'an undeclared base',
      `variant(artifact('y', { outputs: { o: 'o' }, produce() {} }), 'x', {})`,
      `of the artifact 'y', which is not declared`,
      `list 'y'`,
    ],
  ])('with %s is an error', async (_, declared, ...texts) => {
    const listed = `export default defineConfig({ artifacts: [rootfs, initramfs, qcow2, ${declared}] })`
    const { code, stderr } = await workspace(listed).lbuild('qcow2')
    for (const text of texts) expect(stderr).toContain(text)
    expect(code).toBe(2)
  })
})
