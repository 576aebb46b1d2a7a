// Tests that a file name is displayed on one line, without control characters, and that no two names look the same.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { display, toRawPath } from '../../src/platform/rawPath.ts'

describe('a file name', () => {
  it.each([
    ['etc/passwd', 'etc/passwd'],
    ['a b/naïve 木', 'a b/naïve 木'],
    ['back\\slash', 'back\\slash'],
    ['quo"ted', '"quo\\"ted"'],
    ['two\nlines\u001b[2J', '"two\\nlines\\u001b[2J"'],
    ['\u009b1A', '"\\u009b1A"'],
    ['\u007f', '"\\u007f"'],
    ['a direction override: \u202egnp.exe', '"a direction override: \\u202egnp.exe"'],
    ['a line separator: \u2028', '"a line separator: \\u2028"'],
    ['a replacement \ufffd', 'a replacement \ufffd'],
  ])('%j is shown as %s', (name, shown) => expect(display(toRawPath(name))).toBe(shown))

  it.each([
    ['etc/bad\xff', '"etc/bad\\xff"'],
    ['\xc3\xa4 and \xc3', '"ä and \\xc3"'],
    ['\xc0\x80', '"\\xc0\\x80"'],
    ['\xed\xa0\x80', '"\\xed\\xa0\\x80"'],
    ['\xf4\x90\x80\x80', '"\\xf4\\x90\\x80\\x80"'],
    ['\xff\\xff"', '"\\xff\\\\xff\\""'],
  ])('has bytes that are not UTF-8 escaped: %s', (bytes, shown) => expect(display(bytes)).toBe(shown))

  it('is displayed without control characters, and differs from the display of every other name', () => {
    const bytes = fc
      .array(fc.constantFrom('"', '\\', 'x', 'f', '\n', '\x80', '\x9b', '\xc2', '\xff'), { maxLength: 6 })
      .map((characters) => characters.join(''))
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        // oxlint-disable-next-line no-control-regex -- the pattern matches control characters
        expect(display(one)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
        expect(display(one) === display(other)).toBe(one === other)
      }),
    )
  })
})
