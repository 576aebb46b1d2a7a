// Texts of build.config.ts for tests.
/** The declaration of an artifact that fails when it runs. */
export const OTHER = `artifact('other', { outputs: { o: 'other.txt' }, produce() { throw new Error('was run') } })`

/** A config with an artifact `image` that has these properties, beside a valid one. */
export const declaring = (
  properties: string,
  more = '',
): string => `import { artifact, defineConfig, file, tree, text, size } from 'lbuild'
const other = ${OTHER}
const image = artifact('image', { outputs: { image: 'image.img' }, produce() {}, ${properties} })
${more}
export default defineConfig({ artifacts: [image, other] })
`

/** A config with these artifacts. */
export const listing = (artifacts: string): string => `import { artifact, defineConfig } from 'lbuild'
export default defineConfig({ artifacts: [${artifacts}] })
`
