// How the image of one target is checked, by what a distro declares for all images and for this one.
import type { BootCheck } from '../api/config.ts'
import { Failure } from '../platform/failure.ts'
import { suggestion } from './names.ts'
import type { Graph } from './graph.ts'

/** The check of the image of a target: what the config declares for all images, and for this one. */
export function bootCheckOf({ boot }: Pick<Graph, 'boot'>, target: string): BootCheck {
  const { targets = {}, ...all } = boot
  return { ...all, ...(Object.hasOwn(targets, target) ? targets[target] : {}) }
}

/** Throws a Failure (exit code 2) for a check of an unknown artifact, or with both `prompt` and `success`. */
export function checkBootConfig(graph: Pick<Graph, 'boot' | 'artifacts'>): void {
  const names = graph.artifacts.map(({ name }) => name)
  const targets = Object.keys(graph.boot.targets ?? {})
  for (const target of targets)
    if (!names.includes(target))
      throw new Failure(`boot.targets: the artifact '${target}' is not declared`, {
        hint: suggestion(target, names),
        exitCode: 2,
      })
  for (const target of [undefined, ...targets]) {
    const { prompt, success } = target === undefined ? graph.boot : bootCheckOf(graph, target)
    if (prompt !== undefined && success !== undefined)
      throw new Failure(
        `boot${target === undefined ? '' : `.targets.${target}`} has both prompt and success`,
        {
          facts: [
            ['prompt', prompt],
            ['success', success],
          ],
          hint: 'declare prompt if lbuild shall use the shell there, otherwise success',
          exitCode: 2,
        },
      )
  }
}
