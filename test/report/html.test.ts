// Tests that no text can leave the data of the page, and that the page loads nothing.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy, embeddedJson, pageHtml } from '../../src/report/html.ts'
import { emptyPage } from '../../src/report/pageData.ts'

const ASSETS = { script: 'show()', style: 'p { color: red }' }

/** What a browser takes for the content of the data element: everything up to the first end tag. */
const dataOf = (html: string): string =>
  /<script type="application\/json" id="data">([^]*?)<\/script/i.exec(html)![1]!

/** Texts with parts that HTML or JavaScript would treat as syntax. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '</script>',
        '<script>',
        '<!--',
        '-->',
        ']]>',
        '&lt;',
        '\u2028',
        '\u2029',
        '"',
        '\\',
        '\0',
      ),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => parts.join(''))

describe('the data in a page', () => {
  it('is any text, unchanged, and contains no character that HTML or JavaScript treats as syntax', () => {
    fc.assert(
      fc.property(hostile, (title) => {
        const html = pageHtml(emptyPage(title, 0), ASSETS)
        const data = dataOf(html)
        expect(JSON.parse(data)).toEqual(emptyPage(title, 0))
        expect(data).not.toMatch(/[<>&\u2028\u2029]/)
        expect(html.replace(data, '')).toBe(
          pageHtml(emptyPage('', 0), ASSETS).replace(embeddedJson(emptyPage('', 0)), ''),
        )
      }),
    )
  })
})

describe('the policy of a page', () => {
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')

  it('allows its own script and style by their hashes, and no requests', () => {
    const policy = contentSecurityPolicy(emptyPage('', 0), ASSETS)
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${sha256(ASSETS.script)}'`,
      `style-src 'sha256-${sha256(ASSETS.style)}'`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(pageHtml(emptyPage('', 0), ASSETS)).toContain(`content="${policy}"`)
  })

  it('allows a live page to ask its own server', () => {
    expect(contentSecurityPolicy({ live: '' }, ASSETS)).toContain("connect-src 'self'")
  })
})
