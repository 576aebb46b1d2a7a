// Tests which source texts a run stores.
import { describe, expect, it } from 'vitest'
import { textsObject } from '../support/damage.ts'
import { TINY } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const KIB = 1024

describe('the source texts of a run', () => {
  const storedTexts = (workspace: TestWorkspace, artifact: string): readonly string[] => {
    const { texts } = JSON.parse(workspace.read(textsObject(workspace, artifact))) as {
      texts: Record<string, string>
    }
    return Object.values(texts)
  }

  it('are its code and those inputs that are text of at most 64 KiB', async () => {
    const workspace = new TestWorkspace({
      ...TINY,
      'src/most': 'm'.repeat(64 * KIB),
      'src/large': 'l'.repeat(64 * KIB + 1),
      'src/binary': 'not\0text',
    })
    await workspace.build('names')
    expect(storedTexts(workspace, 'names').toSorted()).toEqual(
      [
        TINY['artifacts/names.ts']!,
        TINY['src/hello']!,
        TINY['src/second']!,
        TINY['src/etc/motd']!,
        workspace.read('src/most'),
      ].toSorted(),
    )
  })

  it('have together at most 2 MiB, counted in bytes', async () => {
    const files = Array.from({ length: 48 }, (_, at): [string, string] => [
      `src/${at}`,
      `${at} ${'é'.repeat(30 * KIB)}`,
    ])
    const workspace = new TestWorkspace({ ...TINY, ...Object.fromEntries(files) })
    await workspace.build('names')
    const bytes = storedTexts(workspace, 'names').reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    expect(bytes).toBeLessThanOrEqual(2048 * KIB)
    // Another file would exceed the limit.
    expect(bytes).toBeGreaterThan(2048 * KIB - 61 * KIB)
  })
})
