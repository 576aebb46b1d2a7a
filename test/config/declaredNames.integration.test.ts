// Tests that names which objects inherit, and names that look alike, are refused when the config is loaded.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'
import { declaring } from './support/configs.ts'

const COMPOSED = 'caf\\u00e9'
const DECOMPOSED = 'cafe\\u0301'

/** What `lbuild status` reports about a config. */
async function errorOf(config: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await new TestWorkspace({ 'build.config.ts': config, ...files }).lbuild(
    'status',
  )
  expect([code, stdout]).toEqual([2, ''])
  return stderr
}

it.each(['constructor', 'toString', 'prototype', '__proto__', "['__proto__']", 'hasOwnProperty'])(
  'a param, an input, an output and a profile named %s are refused',
  async (name) => {
    const stderr = await errorOf(
      declaring(`params: { ${name}: text('x') }, inputs: { ${name}: file('a') }`).replace(
        `outputs: { image`,
        `outputs: { ${name}: { internal: 'x' }, image`,
      ),
    )
    const problem = `'${name.replaceAll(/[^\w]/g, '')}' is a built-in property of objects: use another name`
    for (const member of ['params', 'inputs', 'outputs'])
      expect(stderr).toMatch(new RegExp(`${member}: +${problem}`))
    expect(await errorOf(`export default { artifacts: [], profiles: { ${name}: {} } }`)).toContain(problem)
  },
)

it('an artifact named constructor is refused', async () => {
  const stderr = await errorOf(declaring('').replace("artifact('image'", "artifact('constructor'"))
  expect(stderr).toContain(`invalid name 'constructor' of an artifact`)
  expect(stderr).toContain('is a built-in property of objects: use another name')
})

it.each([
  ['outputs of an artifact', `outputs: { a: '${COMPOSED}', b: '${DECOMPOSED}' }`],
  ['inputs', `inputs: { a: file('${COMPOSED}'), b: tree('${DECOMPOSED}') }`],
  [
    'choices',
    `params: { c: { type: 'choice', value: '${COMPOSED}', choices: ['${COMPOSED}', '${DECOMPOSED}'] } }`,
  ],
])('%s that differ only in Unicode normalization are refused, and both are shown', async (_, declaration) => {
  const stderr = await errorOf(declaring(declaration))
  expect(stderr).toContain('error: two names differ only in Unicode normalization')
  expect(stderr).toContain(`'caf\u00e9', that is '${COMPOSED}'`)
  expect(stderr).toContain(`'cafe\u0301', that is '${DECOMPOSED}'`)
})

it('outputs of two artifacts that differ only in Unicode normalization are refused', async () => {
  const config = declaring(`outputs: { a: '${COMPOSED}' }`).replace("'other.txt'", `'${DECOMPOSED}'`)
  expect(await errorOf(config)).toMatch(/output 'a' of 'image': .*\n.*output 'o' of 'other': /)
})

it('one name that is used twice in the same normalization is not refused', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': declaring(`inputs: { a: file('${COMPOSED}'), b: file('${COMPOSED}') }`),
    'caf\u00e9': '',
  })
  expect((await workspace.lbuild('status')).code).toBe(0)
})

it('an input that exists only in another Unicode normalization is reported with both spellings', async () => {
  const stderr = await errorOf(declaring(`inputs: { a: file('${COMPOSED}') }`), { 'cafe\u0301': '' })
  expect(stderr).toContain(`use the Unicode normalization of '${DECOMPOSED}' instead of '${COMPOSED}'`)
})
