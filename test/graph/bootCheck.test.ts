// Tests which boot check applies to a target, and which declarations of boot checks are rejected.
import { describe, expect, it } from 'vitest'
import type { BootConfig } from '../../src/api/config.ts'
import { check, ConfigSchema } from '../../src/config/schema.ts'
import { bootCheckOf, checkBootConfig } from '../../src/graph/bootCheck.ts'
import type { ArtifactNode } from '../../src/graph/graph.ts'

const declared: BootConfig = {
  initramfs: '^tiny: ',
  bootSeconds: 60,
  targets: { iso: { prompt: '^~ # ', bootSeconds: 600 } },
}

describe('the boot check of a target', () => {
  it('is that of all images, in which the members for the target replace others', () => {
    expect(bootCheckOf({ boot: declared }, 'iso')).toEqual({
      initramfs: '^tiny: ',
      prompt: '^~ # ',
      bootSeconds: 600,
    })
    expect(bootCheckOf({ boot: declared }, 'qcow2')).toEqual({ initramfs: '^tiny: ', bootSeconds: 60 })
    expect(bootCheckOf({ boot: declared }, 'constructor')).toEqual({ initramfs: '^tiny: ', bootSeconds: 60 })
  })
})

describe('a declaration of boot checks', () => {
  const rejected = (boot: BootConfig): unknown => {
    const artifacts = [{ name: 'iso' } as ArtifactNode]
    try {
      return checkBootConfig({ boot, artifacts })
    } catch (error) {
      return error
    }
  }

  it('is accepted for artifacts of the config', () => {
    expect(rejected(declared)).toBeUndefined()
  })

  it('of an unknown artifact is rejected with a suggestion', () => {
    expect(rejected({ targets: { isso: {} } })).toMatchObject({
      headline: "boot.targets: the artifact 'isso' is not declared",
      hint: "did you mean 'iso'?",
      exitCode: 2,
    })
  })

  it('with both a prompt and a success line is rejected', () => {
    const hint = expect.stringContaining('otherwise success')
    expect(rejected({ prompt: 'a', success: 'b' })).toMatchObject({
      headline: 'boot has both prompt and success',
      hint,
      exitCode: 2,
    })
    expect(rejected({ prompt: 'a', targets: { iso: { success: 'b' } } })).toMatchObject({
      headline: 'boot.targets.iso has both prompt and success',
      hint,
    })
  })

  it.each([
    [{ user: 'root\n' }, 'must not contain control characters'],
    [{ prompt: '(' }, 'Invalid regular expression'],
    [{ success: '' }, 'an empty pattern matches everything'],
    [{ bootSeconds: 0.5 }, 'must be a whole number of at least 1'],
    [{ targets: { iso: { promt: '# ' } } }, 'promt'],
  ])('%j is rejected', (boot, problem) => {
    const facts = (): unknown => check(ConfigSchema, { artifacts: [], boot }, 'build.config.ts')
    expect(facts).toThrow(expect.objectContaining({ exitCode: 2 }))
    try {
      facts()
    } catch (error) {
      expect(JSON.stringify((error as { facts: unknown }).facts)).toContain(problem)
    }
  })
})
