// Tests which programs the first line of a script starts, as the kernel and env(1) decide.
import { describe, expect, it } from 'vitest'
import { parseShebang } from '../../src/fingerprint/shebang.ts'

describe('the first line of a script', () => {
  it.each([
    ['/bin/sh', '/bin/sh', undefined],
    [' \t/usr/bin/python3 -I -S ', '/usr/bin/python3', undefined],
    ['/usr/bin/env perl', '/usr/bin/env', 'perl'],
    ['/usr/bin/env\tperl', '/usr/bin/env', 'perl'],
    ['/usr/bin/env /opt/bin/perl', '/usr/bin/env', '/opt/bin/perl'],
    ['/usr/bin/env -S perl -w', '/usr/bin/env', 'perl'],
    ['/usr/bin/env -Sperl -w', '/usr/bin/env', 'perl'],
    ['/usr/bin/env -vS perl', '/usr/bin/env', 'perl'],
    ['/usr/bin/env --split-string=perl -w', '/usr/bin/env', 'perl'],
    ['/usr/bin/env -S LANG=C PERL5LIB=/x:/y perl -w', '/usr/bin/env', 'perl'],
    ['/usr/bin/env -S A="one two" B=\'three\' -- perl a=b', '/usr/bin/env', 'perl'],
    ['/usr/bin/env -S A=${HOME} perl', '/usr/bin/env', 'perl'],
    ['/usr/bin/env -S A=x#y perl', '/usr/bin/env', 'perl'],
    // One argument: without -S, env looks for a program with a space in its name.
    ['/usr/bin/env perl -w', '/usr/bin/env', 'perl -w'],
    ['', undefined, undefined],
  ])('%j starts %s and %s', (line, path, started) => {
    expect(parseShebang('/t', line)).toEqual(
      path === undefined ? undefined : started === undefined ? { path } : { path, started },
    )
  })

  it.each([
    ['/bin/sh\r', 'carriage return'],
    ['/usr/bin/env perl\r', 'carriage return'],
    ['bin/sh', 'relative path'],
    ['./sh -e', 'relative path'],
    ['/usr/bin/env', 'which program env starts'],
    ['/usr/bin/env -i perl', 'which program env starts'],
    ['/usr/bin/env A=1 perl', 'which program env starts'],
    ['/usr/bin/env bin/perl', 'which program env starts'],
    ['/usr/bin/env -S', 'which program env starts'],
    ['/usr/bin/env -S A=1', 'which program env starts'],
    ['/usr/bin/env -S -i perl', 'which program env starts'],
    ['/usr/bin/env -S -u PATH perl', 'which program env starts'],
    ['/usr/bin/env -S -C /tmp perl', 'which program env starts'],
    ['/usr/bin/env -S PATH=/opt/bin perl', 'which program env starts'],
    ['/usr/bin/env -S A=1 PATH=/opt/bin perl', 'which program env starts'],
    ['/usr/bin/env -S ${TOOL} -w', 'which program env starts'],
    ['/usr/bin/env -S "" perl', 'which program env starts'],
    ['/usr/bin/env -S A=a\\_b perl', 'which program env starts'],
    ['/usr/bin/env -S # perl', 'which program env starts'],
    ['/usr/bin/env -S "perl', 'which program env starts'],
  ])('%j is refused', (line, problem) => {
    expect(() => parseShebang('/t', line)).toThrow(problem)
  })
})
