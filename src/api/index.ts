/**
 * The names that a distro imports from `lbuild`.
 * @module lbuild
 */
export { artifact, internal } from './artifact.ts'
export type {
  Artifact,
  Context,
  Declaration,
  InternalOutput,
  Limits,
  Outputs,
  Params,
  ParamValues,
  Run,
  RunOptions,
  RunResult,
  ToolRequirement,
} from './artifact.ts'
export { Failure } from '../platform/failure.ts'
export type { Fact, FailureOptions } from '../platform/failure.ts'
export { defineConfig } from './config.ts'
export type { BootCheck, BootConfig, BootFailurePattern, BootPatterns, Config } from './config.ts'
export { file, tree } from './inputs.ts'
export type {
  DownloadsInput,
  FileInput,
  Input,
  Inputs,
  OutputInput,
  TreeInput,
  TreeOptions,
} from './inputs.ts'
export { lockfile } from './lockfile.ts'
export type { LockedFile, Lockfile, LockfileDeclaration, ResolveContext } from './lockfile.ts'
export { variant } from './variant.ts'
export { choice, data, flag, integer, parseSize, size, text } from './params.ts'
export type { Json, Param } from './params.ts'
