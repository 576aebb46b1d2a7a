// Tests how the commands show a changed param.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

it('every command shows a changed size as a user would write it', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig, integer, size } from 'lbuild'
const disk = artifact('disk', { params: { diskSize: size('256G'), number: integer(1024) }, outputs: { o: 'disk' },
  produce: ({ outputs }) => writeFileSync(outputs.o, '') })
export default defineConfig({ artifacts: [disk] })
`,
  })
  await workspace.build('disk')
  const change = 'param diskSize: "256G" → "64G"'
  const params = ['--disk-size', '64G', '--number', '2048']
  expect((await workspace.lbuild('status', ...params)).stdout).toContain(change)
  expect((await workspace.lbuild('disk', '--dry-run', ...params)).stdout).toContain(change)
  expect((await workspace.lbuild('disk', ...params)).stderr).toContain(`${change}; param number: 1024 → 2048`)
  expect((await workspace.lbuild('disk')).stderr).toContain('param diskSize: "64G" → "256G"')
})
