import { writeSync } from 'node:fs'

/**
 * Prints a result on standard output, at once and without the machinery of streams, which costs as much to load as
 * all of lbuild. A reader that went away, such as head(1), ends the process quietly.
 */
export function print(text: string): void {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length;)
    try {
      done += writeSync(1, bytes, done)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') process.exit(0)
      if (code !== 'EAGAIN') throw error
    }
}
