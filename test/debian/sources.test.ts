// Tests of Debian sources and mirrors.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { archiveOf, hostUris, mirrorsFor, mirrorsOf, sourceUris } from '../../src/debian/sources.ts'
import { plant, temporary } from '../support/images.ts'

test('reads one-line sources with options, comments and source packages', () => {
  const text = [
    '# deb http://comment/debian bookworm main',
    'deb http://one/debian bookworm main',
    'deb [ arch=amd64 signed-by=/usr/share/keyrings/x.gpg ] http://two/debian/ bookworm main # end',
    'deb-src http://three/debian bookworm main',
    '  deb\thttp://four/debian-security bookworm-security main',
    '',
  ].join('\n')
  expect(sourceUris(text, 'list')).toEqual([
    'http://one/debian',
    'http://two/debian/',
    'http://four/debian-security',
  ])
})

test('reads deb822 sources with several addresses, continued lines, comments and disabled stanzas', () => {
  const text = [
    'Types: deb deb-src',
    '# a comment',
    'URIs: http://one/debian',
    ' http://two/debian',
    'Suites: bookworm',
    'Signed-By:',
    ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
    ' .',
    ' URIs: http://not/debian',
    '',
    'Types: deb',
    'URIs: http://off/debian',
    'Enabled: no',
    '',
    'Types: deb-src',
    'URIs: http://source/debian',
    '',
    'types: deb',
    'uris: http://three/debian-security',
  ].join('\n')
  expect(sourceUris(text, 'deb822')).toEqual([
    'http://one/debian',
    'http://two/debian',
    'http://three/debian-security',
  ])
})

test('reads the same addresses from both formats', () => {
  const uri = fc.stringMatching(/^https?:\/\/[a-z0-9.-]{1,20}(\/[a-z~_+%0-9.-]{1,9}){0,3}\/?$/)
  fc.assert(
    fc.property(fc.array(uri, { minLength: 1, maxLength: 5 }), (uris) => {
      const list = uris.map((each) => `deb ${each} bookworm main\n`).join('')
      const deb822 = uris
        .map((each) => `Types: deb\nURIs: ${each}\nSuites: bookworm\nComponents: main\n`)
        .join('\n')
      expect(sourceUris(list, 'list')).toEqual(uris)
      expect(sourceUris(deb822, 'deb822')).toEqual(uris)
    }),
  )
})

test('takes each http mirror of the archive once', () => {
  const uris = [
    'http://a/debian',
    'http://a/debian/',
    'https://b/pub/debian',
    'file:/srv/debian',
    'cdrom:[x]/debian',
    'http://c/debian-security',
    'http://d/ubuntu',
    'http://snapshot.debian.org/archive/debian/20250101T000000Z',
  ]
  expect(mirrorsOf('debian', uris)).toEqual(['http://a', 'https://b/pub'])
  expect(mirrorsOf('debian-security', uris)).toEqual(['http://c'])
})

test("prefers the given mirror, or the host's, and ends with Debian's own", async () => {
  const etc = await plant(await temporary(), {
    'sources.list': 'deb http://old/debian bookworm main\n',
    'sources.list.d/debian.sources': 'Types: deb\nURIs: http://new/debian\n',
    'sources.list.d/other.list': 'deb http://sec/debian-security bookworm-security main\n',
    'sources.list.d/notes.txt': 'deb http://ignored/debian bookworm main\n',
  })
  expect(hostUris(etc)).toHaveLength(3)
  expect(mirrorsFor('', 'debian', etc)).toEqual(['http://old', 'http://new', 'http://deb.debian.org'])
  expect(mirrorsFor('', 'debian-security', etc)).toEqual(['http://sec', 'http://deb.debian.org'])
  expect(mirrorsFor('http://mine/', 'debian', etc)).toEqual(['http://mine', 'http://deb.debian.org'])
  expect(mirrorsFor('', 'debian', `${etc}/nowhere`)).toEqual(['http://deb.debian.org'])
})

test('takes the archive from a path', () => {
  expect(archiveOf('debian/pool/main/b/bash/bash_5.2_amd64.deb')).toBe('debian')
  expect(archiveOf('debian-security/pool/updates/main/l/x.deb')).toBe('debian-security')
})
