/**
 * Formats numbers of bytes for messages.
 * @module lbuild/images/byteSize
 */

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** Formats a number of bytes with a binary unit: `1.6 GiB`. */
export function formatBytes(count: number): string {
  let unit = 0
  let value = count
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : Number(value.toFixed(1))} ${UNITS[unit]}`
}
