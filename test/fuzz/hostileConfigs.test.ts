// Tests that a config which exits, hangs, throws or prints at any time never ends a build with success or a wrong image.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'
import { checkProperty, SEED } from './support/bounds.ts'

/** Code that a config may run before its declarations. */
const CODE = {
  broken: [
    'process.exit(0)',
    'process.exit(3)',
    'await new Promise(() => {})',
    `throw new Error('broken')`,
    `queueMicrotask(() => process.exit(0)); await 0; await 0`,
    `Promise.reject(new Error('nobody handles it')); await new Promise((done) => setTimeout(done, 20))`,
  ],
  endless: [
    'await new Promise(() => setInterval(() => {}, 50))',
    'for (;;);',
    `process.on('SIGTERM', () => {}); await new Promise(() => setInterval(() => {}, 50))`,
  ],
  valid: [
    '',
    `console.log('{"schemaVersion":1,"ok":true}')`,
    `process.stdout.write('x'.repeat(300_000))`,
    'setInterval(() => {}, 50)',
    'process.exitCode = 9',
    `process.on('exit', () => process.reallyExit(7))`,
  ],
} as const

const configWith = (code: string, value: number): string => `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig, integer } from 'lbuild'
${code}
const image = artifact('image', {
  params: { value: integer(${value}) },
  outputs: { image: 'image.img' },
  produce: ({ outputs, params }) => writeFileSync(outputs.image, String(params.value)),
})
export default defineConfig({ artifacts: [image] })
`

const step = fc.record({
  code: fc.oneof(
    ...(['broken', 'endless', 'valid'] as const).map((kind) =>
      fc.constantFrom(...CODE[kind]).map((code) => ({ code, kind })),
    ),
  ),
  value: fc.nat({ max: 3 }),
})

it(`a config that exits, hangs, throws or prints ends with exit code 2 and leaves the image, or builds the right one (seed ${SEED})`, async () => {
  let builds = 0
  await checkProperty(
    fc.array(step, { minLength: 1, maxLength: 6, size: 'max' }),
    async (steps) => {
      const workspace = new TestWorkspace({})
      let image: string | undefined
      for (const {
        code: { code, kind },
        value,
      } of steps) {
        workspace.write('build.config.ts', configWith(code, value))
        // A slow machine may need long for a config that ends.
        workspace.env['LBUILD_CONFIG_TIMEOUT'] = kind === 'endless' ? '1' : '60'
        const built = await workspace.lbuild('image', '--json')
        builds += 1
        if (kind === 'valid') {
          image = String(value)
          expect(JSON.parse(built.stdout)).toMatchObject({ exitCode: 0 })
        }
        expect([built.code, code], built.stderr).toEqual([kind === 'valid' ? 0 : 2, code])
        expect(workspace.exists('output/image.img') ? workspace.read('output/image.img') : undefined).toBe(
          image,
        )
      }
    },
    () => `${builds} builds`,
  )
  expect(builds).toBeGreaterThan(0)
})
