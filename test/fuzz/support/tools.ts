// The tools of a generated distro, and the files of which they consist.
import * as fs from 'node:fs'
import { elf } from '../../support/elf.ts'

/** The directories of the distro's own tools: a program in the first one shadows its namesake in the second. */
export const TOOL_PATH = ['first', 'tools'] as const

/** A tool whose interpreter is searched for, and that interpreter. */
export const FORGE = '#!/usr/bin/env anvil\n'
export const ANVIL = '#!/bin/sh\n'

/** The files beside the tools that the tools read. */
export const BESIDE = ['words', 'lib/deep/words'] as const

/** The directories of the host in which the loader searches the library of the tool `press`. */
export const LIBRARY_PATH = ['host/first', 'host/second'] as const
export const LIBRARY = 'libpress.so'

export const TOOLS = ['forge', 'press'] as const

/** A tool that loads a library. Any program of the host may stand for its loader, because a lab never runs that. */
export const PRESS = elf({ loader: '/bin/sh' })

/** Creates the tools and the library. */
export function makeTools(root: string): void {
  for (const directory of [...TOOL_PATH, ...LIBRARY_PATH])
    fs.mkdirSync(`${root}/${directory}`, { recursive: true })
  const program = { mode: 0o755 }
  fs.writeFileSync(`${root}/tools/forge`, FORGE, program)
  fs.writeFileSync(`${root}/tools/anvil`, ANVIL, program)
  fs.writeFileSync(`${root}/tools/press`, PRESS, { ...program, encoding: 'latin1' })
  fs.writeFileSync(`${root}/host/second/${LIBRARY}`, 'a library')
}

const PROGRAMS_OF = { forge: ['forge', 'anvil'], press: ['press'] } as const

/** Everything of which a tool consists: its bytes, its interpreter's, its library's, and the files beside its programs. */
export function toolContent(root: string, tool: (typeof TOOLS)[number]): string {
  const firstOf = (name: string, directories: readonly string[]): string | undefined =>
    directories.map((directory) => `${root}/${directory}/${name}`).find((path) => fs.existsSync(path))
  const programs = PROGRAMS_OF[tool].map((name) => firstOf(name, TOOL_PATH))
  const beside = TOOL_PATH.filter((directory) =>
    programs.some((path) => path?.startsWith(`${root}/${directory}/`)),
  )
    .flatMap((directory) => BESIDE.map((name) => `${root}/${directory}/${name}`))
    .filter((path) => fs.existsSync(path))
  const libraries = tool === 'press' ? [firstOf(LIBRARY, LIBRARY_PATH)] : []
  return [...programs, ...libraries, ...beside]
    .map((path) => (path === undefined ? '' : fs.readFileSync(path, 'latin1')))
    .join('|')
}
