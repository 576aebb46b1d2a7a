// Tests `lbuild boot` with real virtual machines, whose images consist of a boot sector.
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

/**
 * A boot sector that writes a text on the first serial port and halts. In assembler: xor ax,ax; mov ds,ax; cld;
 * mov si,0x7c16; next: lodsb; test al,al; jz end; mov dx,0x3f8; out dx,al; jmp next; end: hlt; jmp end.
 */
const CODE = [
  0x31, 0xc0, 0x8e, 0xd8, 0xfc, 0xbe, 0x16, 0x7c, 0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb,
  0xf5, 0xf4, 0xeb, 0xfd,
]

/** A distro with one image, which prints a text when it boots. */
const printing = (text: string, boot: object): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': `import { artifact, defineConfig } from 'lbuild'
import { writeFile } from 'node:fs/promises'
const tiny = artifact('tiny', {
  tools: ['qemu-img'], outputs: { image: 'tiny.qcow2' },
  async produce({ outputs, run, scratch }) {
    const sector = Buffer.alloc(1 << 20)
    Buffer.from(${JSON.stringify(CODE)}).copy(sector)
    sector.write(${JSON.stringify(text)}, ${CODE.length}, 'latin1')
    sector.set([0x55, 0xaa], 510)
    await writeFile(scratch + '/tiny.raw', sector)
    await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', scratch + '/tiny.raw', outputs.image])
  },
})
export default defineConfig({ artifacts: [tiny], boot: ${JSON.stringify(boot)} })
`,
  })

const boot = (workspace: TestWorkspace, ...options: readonly string[]) =>
  workspace.lbuild('boot', 'tiny', '--firmware', 'bios', ...options)

describe('lbuild boot', () => {
  it('succeeds for an image that only prints the declared line', async () => {
    const workspace = printing('\r\ntiny: ready\r\n', { success: '^tiny: ready\\n' })
    const { code, stdout, stderr } = await boot(workspace)
    expect(stderr).not.toContain('error:')
    expect(stdout).toMatch(/^firmware {5}bios, (kvm|tcg)\nsuccess {6}[\d.]+ s\n$/)
    expect(code).toBe(0)
    const report = JSON.parse((await boot(workspace, '--json')).stdout) as object
    expect(report).toMatchObject({ schemaVersion: 2, failedUnits: [], poweredOff: false })
    expect(report).not.toHaveProperty('systemState')
  })

  it('succeeds for an image into which nobody can log in, if its login prompt is declared as success', async () => {
    const workspace = printing('\r\ntiny login: ', { targets: { tiny: { success: ' login: ' } } })
    expect((await boot(workspace)).code).toBe(0)
  })

  it('waits as long as --timeout says, also if the console is silent, and names the option', async () => {
    const workspace = printing('\r\n', { bootSeconds: 1000, silenceSeconds: 1 })
    const { code, stdout, stderr } = await boot(workspace, '--timeout', '4', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      failure: {
        headline: 'tiny.qcow2: the boot did not finish in time',
        facts: expect.arrayContaining([['waited', '4 s']]),
        hint: expect.stringContaining('--timeout SECONDS'),
      },
      exitCode: 1,
    })
    expect(stderr).toContain('error: tiny.qcow2: the boot did not finish in time')
    expect(code).toBe(1)
    const silent = await boot(workspace)
    expect(silent.stderr).toContain('the console went silent')
  })
})
