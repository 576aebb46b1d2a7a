// Terminals that are lost while lbuild runs, for example with an ssh connection.
import { closeSync, fstatSync, writeSync } from 'node:fs'

const NOTHING = new Uint8Array()

/**
 * Whether a descriptor is a terminal that was lost: then even writing nothing fails with EIO (hung_up_tty_write in
 * drivers/tty/tty_io.c of Linux). Loads no module, as isatty() of node:tty would.
 */
export function isLostTerminal(fd: number): boolean {
  try {
    if (fstatSync(fd).isCharacterDevice()) writeSync(fd, NOTHING)
    return false
  } catch {
    return true
  }
}

/** Closes lost terminals when the process ends. Otherwise Node.js would try to restore their modes, fail, and abort. */
export function closeLostTerminals(): void {
  process.on('exit', () => {
    for (const fd of [0, 1, 2])
      try {
        if (isLostTerminal(fd)) closeSync(fd)
      } catch {
        // It was closed before.
      }
  })
}
