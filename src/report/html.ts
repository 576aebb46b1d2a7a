// Writes the page as one HTML document: its data, style and script are inlined, and it may load nothing.
import { createHash } from 'node:crypto'
import type { PageData } from './model.ts'

/** The compiled script and style of the page. */
export interface PageAssets {
  readonly script: string
  readonly style: string
}

/**
 * The HTML document of a page. Texts of the data reach the document only as JSON, which the script shows with textContent.
 * A Content-Security-Policy allows only the script and the style of lbuild, and no requests, except to the server of a
 * live page.
 */
export function pageHtml(data: PageData, { script, style }: PageAssets): string {
  const policy = contentSecurityPolicy(data, { script, style })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>lbuild report</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This report needs JavaScript.</noscript>
<script type="application/json" id="data">${embeddedJson(data)}</script>
<script>${script}</script>
</body>
</html>
`
}

/** The Content-Security-Policy of a page (W3C CSP3): the hashes of its script and style, and nothing else. */
export const contentSecurityPolicy = (
  { live }: Pick<PageData, 'live'>,
  { script, style }: PageAssets,
): string =>
  [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script)}'`,
    `style-src 'sha256-${sha256(style)}'`,
    'img-src data:',
    ...(live === undefined ? [] : ["connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64')

/**
 * JSON that is safe inside a script element: no text in it can end the element, begin a comment, or end a line of
 * JavaScript (HTML, "Restrictions for contents of script elements").
 */
export const embeddedJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
